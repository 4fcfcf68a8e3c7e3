// The counter: input of a wedge scanner, which types fast and ends with Enter; beeps and vibration; lists that are
// refreshed by server-sent events; a notice when the network is lost.
//   form[data-scan]     gets the scanned code in its first text input and is submitted
//   data-beep="ok|bad"  on anything swapped in: sounds once. The server may also trigger scan-ok / scan-bad (HX-Trigger).
//   body[data-events]   URL of the event stream; each message triggers "refresh" on the body.

const KEY_GAP_MS = 50; // a wedge scanner sends a key every 5 to 30 ms; a person needs more than 80
const MIN_SCANNED_CHARACTERS = 4;
let audio;

function tone(hertz, start, length) {
  const note = audio.createOscillator();
  const volume = audio.createGain();
  note.frequency.value = hertz;
  volume.gain.setValueAtTime(0.15, start);
  volume.gain.exponentialRampToValueAtTime(0.001, start + length);
  note.connect(volume).connect(audio.destination);
  note.start(start);
  note.stop(start + length);
}

function signal(good) {
  navigator.vibrate?.(good ? 40 : [80, 60, 80]);
  audio ??= new AudioContext();
  audio.resume();
  const now = audio.currentTime;
  if (good) tone(1046, now, 0.12);
  else { tone(220, now, 0.16); tone(220, now + 0.22, 0.16); }
}

document.addEventListener("scan-ok", () => signal(true));
document.addEventListener("scan-bad", () => signal(false));

// --- the scanner
let typed = "";
let last = 0;

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const quick = event.timeStamp - last < KEY_GAP_MS;
  last = event.timeStamp;
  if (event.key === "Enter" && quick && typed.length >= MIN_SCANNED_CHARACTERS) {
    event.preventDefault(); // Enter would press whatever button has the focus
    scanned(typed);
    typed = "";
  } else if (event.key.length === 1) typed = quick ? typed + event.key : event.key;
});

function scanned(code) {
  const form = document.querySelector("form[data-scan]");
  if (!form) return signal(false);
  form.querySelector("input:not([type=hidden])").value = code;
  document.dispatchEvent(new CustomEvent("scanned", { detail: code }));
  return form.requestSubmit();
}

// --- the keypad for pickup codes
document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (!key) return;
  const input = document.getElementById(key.closest("[data-keypad]").dataset.keypad);
  input.value = key.dataset.key === "back" ? input.value.slice(0, -1) : (input.value + key.dataset.key).slice(0, Number(input.maxLength) > 0 ? input.maxLength : 12);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  navigator.vibrate?.(10);
});
document.addEventListener("input", ({ target }) => {
  if ("submitWhenFull" in target.dataset && target.value.length === target.maxLength) target.form.requestSubmit();
});

// --- the connection
const live = document.querySelector("[data-live]");
const offline = document.querySelector("[data-offline]");

function showConnection(connected) {
  if (offline) offline.hidden = connected;
  if (live) live.textContent = connected ? live.dataset.on : live.dataset.off;
}

const refresh = () => globalThis.htmx?.trigger(document.body, "refresh");
addEventListener("offline", () => showConnection(false));
addEventListener("online", () => { showConnection(true); refresh(); });
showConnection(navigator.onLine);

function follow(url) {
  const stream = new EventSource(url);
  stream.addEventListener("message", refresh);
  stream.addEventListener("open", () => showConnection(true));
  stream.addEventListener("error", () => {
    showConnection(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 5000, url); // refused, not lost: the browser gives up
  });
}
if (document.body.dataset.events) follow(document.body.dataset.events);

function enliven(within) {
  const beep = within.matches?.("[data-beep]") ? within : within.querySelector("[data-beep]");
  if (beep) signal(beep.dataset.beep === "ok");
}
document.addEventListener("htmx:load", (event) => enliven(event.detail.elt));
document.addEventListener("htmx:sendError", () => { showConnection(false); signal(false); });

// --- a packing slip
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
