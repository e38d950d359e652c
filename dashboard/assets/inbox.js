// Rows in, a list out whose rows keep their place: known rows change where they stand, and nothing moves under the hand.
const HAND_RESTS_MS = 2500;
const PAGING = new Set(["first", "before", "after"]);

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".tt-inbox");
  const state = (root.ttState ??= { movedAt: -Infinity, drawn: false });
  state.data = data;
  state.tell = setTriggerValue;
  if (!state.listening) {
    state.listening = true;
    listen(root, state);
  }
  draw(root, state);
  clearInterval(state.clock);
  state.clock = setInterval(() => showAges(root), 5000);
  return () => clearInterval(state.clock);
}

function listen(root, state) {
  const rows = root.querySelector(".tt-rows");
  rows.addEventListener("pointermove", () => (state.movedAt = performance.now()));
  rows.addEventListener("pointerleave", () => (state.movedAt = -Infinity));
  root.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const target = event.target.closest("[data-tell]");
    if (!target) return;
    event.preventDefault();
    event.stopPropagation();
    const [name, value] = target.dataset.tell.split(":", 2);
    if (PAGING.has(name)) root.scrollIntoView({ block: "start" });
    state.tell(name, value);
  });
}

function draw(root, state) {
  part(root, ".tt-tabs", state.data.tabs);
  part(root, ".tt-note", state.data.note);
  part(root, ".tt-foot", state.data.foot);
  root.querySelector(".tt-head").hidden = state.data.rows.length === 0;
  updateKnown(root, state);
  clearTimeout(state.later);
  const rests = state.movedAt + HAND_RESTS_MS - performance.now();
  if (state.drawn && state.question === state.data.question && rests > 0) {
    state.later = setTimeout(() => draw(root, state), rests);
  } else {
    arrange(root, state);
  }
  showAges(root);
}

function part(root, selector, html) {
  const place = root.querySelector(selector);
  if (place.ttHtml === html) return;
  place.ttHtml = html;
  place.innerHTML = html;
}

function updateKnown(root, state) {
  const known = byId(root);
  for (const row of state.data.rows) {
    const node = known.get(row.id);
    if (node) fill(node, row);
  }
}

function arrange(root, state) {
  const list = root.querySelector(".tt-rows");
  const known = byId(root);
  const wanted = new Set(state.data.rows.map((row) => row.id));
  for (const [id, node] of known) if (!wanted.has(id)) node.remove();
  let place = list.firstElementChild;
  for (const row of state.data.rows) {
    const node = known.get(row.id) ?? made(row, state.drawn && state.question === state.data.question);
    if (node === place) place = place.nextElementSibling;
    else list.insertBefore(node, place);
  }
  state.drawn = true;
  state.question = state.data.question;
}

function byId(root) {
  return new Map([...root.querySelectorAll(".tt-row")].map((node) => [node.dataset.id, node]));
}

function made(row, fresh) {
  const node = document.createElement("div");
  node.className = fresh ? "tt-row tt-fresh" : "tt-row";
  node.setAttribute("role", "listitem");
  node.dataset.id = row.id;
  node.dataset.tell = `open:${row.id}`;
  fill(node, row);
  return node;
}

function fill(node, row) {
  if (node.ttHtml === row.html) return;
  node.ttHtml = row.html;
  node.innerHTML = row.html;
}

function showAges(root) {
  for (const node of root.querySelectorAll("time[data-at]")) {
    const text = age(Date.now() / 1000 - Number(node.dataset.at));
    if (node.textContent !== text) node.textContent = text;
  }
}

function age(seconds) {
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}
