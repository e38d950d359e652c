// Parts of a page in; they move every player of it together, follow the first, and put its moment into the address.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".tt-desk");
  root.ttData = data;
  if (root.ttHtml !== data.html) {
    root.ttHtml = data.html;
    root.innerHTML = data.html;
  }
  if (!root.ttListening) {
    root.ttListening = true;
    listen(root);
  }
  clearInterval(root.ttClock);
  root.ttClock = setInterval(() => follow(root), 120);
  follow(root);
  return () => clearInterval(root.ttClock);
}

const players = () => [...document.querySelectorAll('[data-testid="stVideo"]')];
const player = () => players()[0];

function listen(root) {
  root.addEventListener("click", (event) => press(event.target.closest("button"), root));
  root.addEventListener("input", (event) => {
    if (!event.target.matches("[data-volume]")) return;
    for (const video of players()) {
      video.volume = Number(event.target.value) / 100;
      video.muted = video.volume === 0;
    }
  });
  root.addEventListener("pointerdown", (event) => {
    const line = event.target.closest(".tt-timeline");
    if (!line) return;
    seek(momentAt(line, event.clientX, root.ttData));
    line.setPointerCapture?.(event.pointerId);
    line.ttDragging = true;
  });
  root.addEventListener("pointermove", (event) => {
    const line = event.target.closest(".tt-timeline");
    if (line?.ttDragging) seek(momentAt(line, event.clientX, root.ttData));
  });
  root.addEventListener("pointerup", (event) => {
    const line = event.target.closest(".tt-timeline");
    if (line) line.ttDragging = false;
  });
  root.addEventListener("keydown", (event) => {
    const video = player();
    if (!video || !event.target.matches(".tt-timeline")) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -5, PageDown: 5 };
    if (event.key === " ") toggle(video);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(root.ttData.duration_s);
    else if (event.key in steps) seek(video.currentTime + steps[event.key]);
    else return;
    event.preventDefault();
  });
}

function press(button, root) {
  const video = player();
  if (!button || !video) return;
  if (button.dataset.seek) seek(Number(button.dataset.seek));
  else if (button.dataset.rate) for (const one of players()) one.playbackRate = Number(button.dataset.rate);
  else if (button.dataset.do === "play") toggle(video);
  else if (button.dataset.do) step(video, button.dataset.do === "on" ? root.ttData.frame_s : -root.ttData.frame_s);
  follow(root);
}

function toggle(video) {
  const rests = video.paused;
  for (const one of players()) {
    if (rests) one.play();
    else one.pause();
  }
}

function step(video, seconds) {
  for (const one of players()) one.pause();
  seek(video.currentTime + seconds);
}

function momentAt(line, clientX, data) {
  const box = line.querySelector("svg").getBoundingClientRect();
  const at = ((clientX - box.left) / box.width) * data.width;
  return ((at - data.left) / (data.right - data.left)) * data.duration_s;
}

function seek(seconds) {
  const video = player();
  if (!video) return;
  for (const one of players()) {
    const most = Number.isFinite(one.duration) ? one.duration : seconds;
    one.currentTime = Math.min(Math.max(0, seconds), most);
  }
  const address = new URL(window.location.href);
  address.searchParams.set("t", video.currentTime.toFixed(2));
  window.history.replaceState(window.history.state, "", address);
}

function follow(root) {
  const video = player();
  if (!video) return;
  const { left, right, duration_s: duration } = root.ttData;
  const head = root.querySelector(".tt-playhead");
  if (head && duration > 0) {
    const x = left + Math.min(1, video.currentTime / duration) * (right - left);
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    root.querySelector(".tt-timeline").setAttribute("aria-valuenow", video.currentTime.toFixed(1));
  }
  const play = root.querySelector(".tt-play");
  if (!play) return;
  show(play, video.paused ? "Play" : "Pause");
  show(root.querySelector(".tt-position"), `${clock(video.currentTime)} / ${clock(video.duration || 0)}`);
  for (const rate of root.querySelectorAll("[data-rate]"))
    rate.setAttribute("aria-pressed", String(Number(rate.dataset.rate) === video.playbackRate));
}

function show(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${(seconds - 60 * minutes).toFixed(2).padStart(5, "0")}`;
}
