// Turning push messages on and off for this browser: [data-push] is where the subscription is sent, data-push-key the
// install's key. Hidden where the browser has no push messages.

const part = document.querySelector("[data-push]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll("[data-own-timezone]")) field.value = zone;

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const show = (name, shown) => { const element = part.querySelector(`[data-push-${name}]`); if (element) element.hidden = !shown; };

function draw(subscribed, failed = false) {
  const denied = Notification.permission === "denied";
  show("on", subscribed);
  show("off", !subscribed && !denied);
  show("denied", denied);
  show("start", !subscribed && !denied);
  show("end", subscribed);
  show("failed", failed);
}

async function send(path, subscription) {
  const { endpoint, keys } = subscription.toJSON();
  const body = new URLSearchParams({ endpoint, p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "", timezone: zone });
  const headers = { "x-csrftoken": document.querySelector("meta[name=csrf-token]").content };
  const answer = await fetch(path, { method: "POST", body, headers });
  if (!answer.ok) throw new Error(answer.statusText);
}

async function start(worker) {
  const key = bytes(part.dataset.pushKey);
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await send(part.dataset.push, subscription);
  draw(true);
}

async function end(worker) {
  const subscription = await worker.pushManager.getSubscription();
  if (subscription) {
    await send(`${part.dataset.push}/end`, subscription);
    await subscription.unsubscribe();
  }
  draw(false);
}

async function prepare() {
  await navigator.serviceWorker.register("/worker.js");
  const worker = await navigator.serviceWorker.ready;
  const known = await worker.pushManager.getSubscription();
  if (known && Notification.permission === "granted") await send(part.dataset.push, known); // for whoever is signed in now
  draw(Boolean(known));
  part.hidden = false;
  for (const [name, act] of [["start", start], ["end", end]]) {
    part.querySelector(`[data-push-${name}]`).addEventListener("click", () => act(worker).catch(() => draw(name === "end", Notification.permission !== "denied")));
  }
}

if (part && "serviceWorker" in navigator && "PushManager" in globalThis) prepare().catch(() => { part.hidden = true; });
