// A conversation: the newest message is in view, Enter sends on a keyboard, what was sent is cleared, quick replies fill the
// form. Without it the page reloads, and all of that is done by the server.

const composer = () => document.querySelector("[data-composer]");
const words = (form) => form.elements.body;
const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
let count = document.querySelectorAll("[data-talk] > .said").length;

function toEnd(smooth) {
  const last = document.querySelector("[data-talk] > .said:last-child");
  last?.scrollIntoView({ block: "end", behavior: smooth && !reduced ? "smooth" : "instant" });
}

// --- Enter sends where there is a keyboard; Shift and Enter begins a new line
document.addEventListener("keydown", (event) => {
  const form = event.target.closest("[data-composer]");
  if (!form || event.key !== "Enter" || event.isComposing || event.shiftKey || event.target !== words(form)) return;
  if (!event.ctrlKey && !event.metaKey && !matchMedia("(hover: hover) and (pointer: fine)").matches) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button[value=answer], button:not([value])"));
});

// --- a quick reply goes into the form, where it can be changed
document.addEventListener("click", (event) => {
  const reply = event.target.closest("[data-reply]");
  if (!reply) return;
  event.preventDefault();
  const field = words(reply.form);
  field.value = field.value.trim() ? `${field.value.trimEnd()}\n${reply.dataset.reply}` : reply.dataset.reply;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}, { capture: true });

document.addEventListener("change", (event) => {
  if (event.target.matches(".attach > input")) showChosen(event.target);
});

function showChosen(input) {
  const name = input.closest(".attach").querySelector("[data-chosen]");
  name.textContent = input.files[0]?.name ?? "";
  name.hidden = !input.files.length;
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.elt.closest?.("[data-composer]");
  if (!form || !detail.successful) return;
  words(form).value = "";
  form.elements.picture.value = "";
  showChosen(form.elements.picture);
  for (const told of document.querySelectorAll("[data-once-about]")) told.remove(); // what it was about is said once
  words(form).focus();
});

document.addEventListener("htmx:afterSettle", () => {
  const now = document.querySelectorAll("[data-talk] > .said").length;
  if (now > count) toEnd(true);
  count = now;
});

toEnd(false);
if (matchMedia("(hover: hover)").matches) composer() && words(composer()).focus({ preventScroll: true });
