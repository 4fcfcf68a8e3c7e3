// Sends what the visitor saw, opened and stayed with in batches to POST /journal: {"events": [{id, kind, at, ...fields}]}.
//   data-impression='{"product_id": ..., "slot": ..., "policy": ..., "propensity": ...}'  seen: half of it for one second
//                   (the viewability rule of the IAB and MRC), once a page; a link followed inside it is a "click".
//   data-view='{...}'    sent when the page is shown: what the page is about. "kind" may say "search".
//   data-click='{...}'   a click by itself, though it may lie in something seen; "kind" in the fields overrides "click".
//   data-dwell           the visible time of a data-impression element, sent when the page is left, in seconds.

const SEEN_MS = 1000;
const BATCH = 20;
const KEEP = 400; // while the network is away; the oldest go first
let waiting = [];
const since = new Map(); // element -> when it came into view
const stayed = new Map(); // element -> visible milliseconds of earlier looks
const timers = new Map();
const told = new WeakSet();

const fields = (text) => (text ? JSON.parse(text) : {});

function record(kind, given) {
  waiting.push({ id: crypto.randomUUID(), kind, at: new Date().toISOString(), page: location.pathname.slice(0, 100), ...given });
  if (waiting.length >= BATCH) flush();
}

function flush() {
  if (!waiting.length) return;
  const batch = waiting.slice(0, 100);
  const blob = new Blob([JSON.stringify({ events: batch })], { type: "application/json" });
  if (navigator.onLine && navigator.sendBeacon("/journal", blob)) waiting = waiting.slice(batch.length);
  else waiting = waiting.slice(-KEEP);
}

function see(element) {
  timers.delete(element);
  if (told.has(element)) return;
  told.add(element);
  record("impression", fields(element.dataset.impression));
}

function enter(element) {
  if (since.has(element)) return;
  since.set(element, performance.now());
  if (!told.has(element)) timers.set(element, setTimeout(see, SEEN_MS, element));
}

function leave(element) {
  clearTimeout(timers.get(element));
  timers.delete(element);
  if (!since.has(element)) return;
  stayed.set(element, (stayed.get(element) ?? 0) + performance.now() - since.get(element));
  since.delete(element);
}

// a tall element never shows half of itself on a phone: half of the screen will do
const enough = ({ intersectionRatio, intersectionRect, rootBounds }) =>
  intersectionRatio >= 0.5 || (rootBounds && intersectionRect.height >= rootBounds.height / 2);

const watcher = new IntersectionObserver(
  (entries) => { for (const entry of entries) enough(entry) ? enter(entry.target) : leave(entry.target); },
  { threshold: [0, 0.25, 0.5, 0.75] },
);

function watch(within) {
  if (within.matches?.("[data-impression]")) watcher.observe(within);
  for (const element of within.querySelectorAll("[data-impression]")) watcher.observe(element);
}

function dwell() {
  for (const element of [...since.keys()]) leave(element);
  for (const [element, ms] of stayed) {
    if (!("dwell" in element.dataset) || ms < SEEN_MS) continue;
    const given = fields(element.dataset.impression);
    record("dwell", { ...given, body: { kind: "dwell", seconds: Math.round(ms / 100) / 10 } });
  }
  stayed.clear();
}

document.addEventListener("click", (event) => {
  const own = event.target.closest("[data-click]");
  if (own) return record("click", fields(own.dataset.click));
  const shown = event.target.closest("a, button") && event.target.closest("[data-impression]");
  if (!shown) return undefined;
  see(shown); // what was clicked was seen, however fast the finger
  return record("click", fields(shown.dataset.impression));
}, { capture: true });

// other scripts tell what they saw: `new CustomEvent("unwall:record", { detail: { kind, ...fields } })`
document.addEventListener("unwall:record", ({ detail: { kind, ...given } }) => record(kind, given));

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") { dwell(); flush(); return; }
  watcher.disconnect(); // observing afresh tells what is in view now
  watch(document);
});
addEventListener("pagehide", () => { dwell(); flush(); });
addEventListener("online", flush);
document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
watch(document);
for (const element of document.querySelectorAll("[data-view]")) record("view", fields(element.dataset.view));
