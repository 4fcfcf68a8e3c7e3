// Behaviour of every page beyond plain HTML. Pages work without it.

const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
root.classList.add("js");

// --- htmx: the CSRF token on every request
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["x-csrftoken"] = document.querySelector("meta[name=csrf-token]").content;
});
// --- one listener for all clicks
document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  const opener = at("[data-opens]");
  if (opener && !("command" in HTMLButtonElement.prototype)) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.matches("dialog.sheet")) closeOnBackdrop(event);
  if (at("[data-close-toast]")) dismiss(at(".toast"));
  if (at("[data-theme-toggle]")) toggleTheme();
  if (at("[data-copy]")) copy(at("[data-copy]"));
  if (at("[data-step]")) step(at("[data-step]"));
});

function closeOnBackdrop(event) {
  const box = event.target.getBoundingClientRect();
  const inside = event.clientY >= box.top && event.clientY <= box.bottom && event.clientX >= box.left && event.clientX <= box.right;
  if (!inside) event.target.close();
}

function toggleTheme() {
  const current = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = current === "dark" ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  button.dataset.copied = "";
  const done = button.dataset.copiedLabel;
  if (done) toasts.append(plainToast(done));
}

function step(button) {
  const input = button.closest("[data-stepper]").querySelector("input");
  const before = input.value;
  button.dataset.step > 0 ? input.stepUp() : input.stepDown();
  if (input.value !== before) input.dispatchEvent(new Event("change", { bubbles: true }));
}

// --- toasts disappear by themselves, but not while they are hovered or focused
function plainToast(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "4";
  toast.append(Object.assign(document.createElement("span"), { textContent: text }));
  return toast;
}

function dismiss(toast) {
  toast.classList.add("leaving");
  Promise.allSettled(toast.getAnimations().map((animation) => animation.finished)).then(() => toast.remove());
}

function timeToast(toast) {
  const seconds = Number(toast.dataset.toast);
  if (!seconds) return;
  let timer;
  const start = () => { timer = setTimeout(() => dismiss(toast), seconds * 1000); };
  const hold = () => clearTimeout(timer);
  for (const [name, act] of [["pointerenter", hold], ["focusin", hold], ["pointerleave", start], ["focusout", start]]) toast.addEventListener(name, act);
  start();
}

const toasts = document.getElementById("toasts");
document.addEventListener("uw:say", (event) => toasts.append(plainToast(event.detail)));
new MutationObserver((changes) => {
  document.querySelector("dialog.sheet[open]")?.close(); // a sheet would hide what is said
  for (const node of changes.flatMap((change) => [...change.addedNodes])) if (node.matches?.("[data-toast]")) timeToast(node);
}).observe(toasts, { childList: true });
all("[data-toast]", toasts).forEach(timeToast);

// --- elements of the page, also those that htmx adds later
function enliven(within) {
  for (const point of all("[data-points] > a", within)) {
    point.style.left = `${point.dataset.x}%`;
    point.style.top = `${point.dataset.y}%`;
    point.hidden = false;
  }
  for (const gallery of all("[data-gallery]", within)) {
    const list = gallery.querySelector("ul");
    const at = gallery.querySelector("[data-at]");
    if (at) list.addEventListener("scroll", () => {
      at.textContent = `${Math.round(list.scrollLeft / list.clientWidth) + 1} / ${list.children.length}`;
    }, { passive: true });
  }
  for (const form of all("form[data-geolocate]", within)) form.addEventListener("submit", locate);
  for (const input of all("[data-submit-on-change]", within)) input.addEventListener("change", () => input.form.requestSubmit());
}

function locate(event) {
  const form = event.target;
  if (form.elements.latitude.value) return;
  event.preventDefault();
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      form.elements.latitude.value = coords.latitude;
      form.elements.longitude.value = coords.longitude;
      form.submit();
    },
    () => {
      form.querySelector("[data-geolocate-error]").hidden = false;
      for (const element of [form, ...form.querySelectorAll("[aria-busy]")]) element.removeAttribute("aria-busy");
    },
    { timeout: 8000, maximumAge: 300000 },
  );
}

document.addEventListener("htmx:load", (event) => enliven(event.detail.elt));
enliven(document);

// --- view transition between a card's picture and the page it opens
const pictureTo = (url) => all(":is(.product, .post) h3 a")
  .find((link) => link.href.split("?")[0] === url?.split("?")[0])?.closest("article").querySelector(".frame");

function carry(url, transition) {
  if (!transition) return;
  const skipped = () => {}; // the other page may not take part, and that is fine
  transition.ready.catch(skipped);
  const frame = document.querySelector(".hero-media") ? undefined : pictureTo(url);
  if (frame) frame.style.viewTransitionName = "hero";
  transition.finished.catch(skipped).then(() => { if (frame) frame.style.viewTransitionName = ""; });
}
addEventListener("pageswap", (event) => carry(event.activation?.entry?.url, event.viewTransition));
addEventListener("pagereveal", (event) => carry(globalThis.navigation?.activation?.from?.url, event.viewTransition));

// --- installed as an app: a page of its own where the network is away
if (matchMedia("(display-mode: standalone)").matches) navigator.serviceWorker?.register("/worker.js");
