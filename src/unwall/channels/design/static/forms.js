// Forms: a pressed button shows it and acts once, what was typed is not lost, and what failed is said.
//   data-keep="KEY"   what is typed stays in this tab until the form is sent, but nothing of a card or password
//   data-guard        leaving the page with unsaved changes is asked about; "dirty": there are some from the start
//   data-once         a hidden field: a new value once the form has done its work, so that it can be used again

const BUSY_MS = 15000; // after which a button may be pressed again that has led nowhere
const toasts = document.getElementById("toasts");
const say = (text) => document.dispatchEvent(new CustomEvent("uw:say", { detail: text }));
const stop = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
const isBusy = (element) => element?.getAttribute("aria-busy") === "true";

function busy(...elements) {
  const pressed = elements.filter(Boolean);
  for (const element of pressed) element.setAttribute("aria-busy", "true");
  setTimeout(free, BUSY_MS, pressed);
}

function free(elements) {
  for (const element of elements) element.removeAttribute("aria-busy");
}

// --- once
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (isBusy(form)) return stop(event);
  if (!navigator.onLine) { stop(event); return say(toasts.dataset.offline); }
  if (form.getAttribute("action") === "/sign-out") sessionStorage.clear();
  form.dataset.sent = "";
  if (form.dataset.keep) sessionStorage.removeItem(form.dataset.keep);
  if (!form.querySelector("[data-submit-on-change]")) busy(form, event.submitter);
  return undefined;
}, { capture: true });

document.addEventListener("click", (event) => {
  const button = event.target.closest("button, a");
  if (isBusy(button)) stop(event);
}, { capture: true });

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.matches("button")) busy(detail.elt);
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const pressed = detail.requestConfig.elt;
  const form = pressed.closest("form") ?? pressed;
  delete form.dataset.sent;
  free([pressed, form, ...form.querySelectorAll("[aria-busy]")]);
  if (detail.successful) for (const field of form.querySelectorAll("[data-once]")) field.value = freshKey();
});

addEventListener("pageshow", (event) => {
  if (event.persisted) free([...document.querySelectorAll("form[aria-busy], form [aria-busy]")]);
});

const freshKey = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// --- what failed
document.addEventListener("htmx:sendError", () => say(navigator.onLine ? toasts.dataset.failed : toasts.dataset.offline));
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { status } = detail.xhr;
  if (status < 400 || [409, 422, 429].includes(status) || detail.xhr.getResponseHeader("hx-retarget")) return;
  detail.shouldSwap = false; // a proxy's page, not ours
  say(toasts.dataset.failed);
});

// --- what was typed and chosen
const SECRET = "[type=hidden], [type=password], [type=file], [autocomplete^=cc-]";
const CHOICE = "[type=radio], [type=checkbox]";
const typed = (form) => [...form.elements].filter((field) => field.name && !field.matches(SECRET) && "value" in field && field.type !== "submit");

// name: text, or the values of what is chosen
function written(form) {
  const found = {};
  for (const field of typed(form)) {
    if (!field.matches(CHOICE)) found[field.name] = field.value;
    else found[field.name] = [...(found[field.name] ?? []), ...(field.checked ? [field.value] : [])];
  }
  return found;
}

function restore(field, kept) {
  if (kept === undefined) return false;
  if (!field.matches(CHOICE)) return field.value !== kept && (field.value = kept, true);
  const checked = kept.includes(field.value);
  return field.checked !== checked && (field.checked = checked, checked || field.type === "checkbox");
}

const keep = (form) => sessionStorage.setItem(form.dataset.keep, JSON.stringify(written(form)));

// after htmx has looked at the page, which asks anew for what depends on it
document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form[data-keep]")) {
    const kept = JSON.parse(sessionStorage.getItem(form.dataset.keep) ?? "{}");
    for (const field of typed(form)) if (restore(field, kept[field.name])) field.dispatchEvent(new Event("change", { bubbles: true }));
    for (const kind of ["input", "change"]) form.addEventListener(kind, () => keep(form));
  }
});
document.addEventListener("htmx:afterSettle", ({ target }) => {
  const form = target.closest?.("form[data-keep]");
  if (form && !("sent" in form.dataset) && sessionStorage.getItem(form.dataset.keep)) keep(form);
});

const changed = new Set([...document.querySelectorAll("form[data-guard=dirty]")]);
for (const kind of ["input", "change"]) document.addEventListener(kind, (event) => {
  const form = event.target.form;
  if (form?.matches("[data-guard]")) changed.add(form);
});
addEventListener("beforeunload", (event) => {
  if ([...changed].some((form) => form.isConnected && !("sent" in form.dataset))) event.preventDefault();
});
