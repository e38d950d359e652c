// The age of the data in, a line that keeps counting out: it grows old even when the server says nothing more.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".tt-pulse");
  const heardAt = performance.now();
  const show = () => draw(root, data, (performance.now() - heardAt) / 1000);
  clearInterval(root.ttClock);
  root.ttClock = setInterval(show, 1000);
  show();
  return () => clearInterval(root.ttClock);
}

function draw(root, data, sinceHeard) {
  const age = data.age_s === null ? null : data.age_s + sinceHeard;
  root.dataset.state = stateOf(data, age);
  root.querySelector(".tt-as-of").textContent = asOf(root.dataset.state, age);
  root.querySelector(".tt-counts").textContent = data.counts;
  // Fixed sentences of our own, in which commands are set as code.
  root.querySelector(".tt-banner").innerHTML = data.banners[root.dataset.state] ?? "";
}

function stateOf(data, age) {
  if (age === null) return "never";
  if (age > data.stopped_after_s) return "stopped";
  return age > data.delayed_after_s ? "delayed" : "live";
}

function asOf(state, age) {
  if (age === null) return "no data yet";
  const clock = new Date(Date.now() - age * 1000).toLocaleTimeString("en-GB");
  return `${state === "delayed" ? "delayed: " : ""}data as of ${clock} (${Math.floor(age)} s ago)`;
}
