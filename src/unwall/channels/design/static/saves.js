// Saving: all buttons of the same thing show at once that one of them was pressed, also on a page that Back brings out of
// the browser's memory. Without it each button sends its form.

const SAVES = "saves-told";
const told = () => JSON.parse(sessionStorage.getItem(SAVES) ?? "{}");

function showSaved(thing, saved) {
  for (const button of document.querySelectorAll(`[data-save="${thing}"]`)) {
    button.setAttribute("aria-pressed", saved);
    button.setAttribute("formaction", `/saved/${saved ? "unsave" : "save"}/${thing}`);
  }
}

let sending = Promise.resolve(); // one after the other: pressed twice, it is as it was

function save(button) {
  const thing = button.dataset.save;
  const saved = button.getAttribute("aria-pressed") !== "true";
  const url = button.getAttribute("formaction");
  showSaved(thing, saved);
  sending = sending.then(() => sendSave(thing, saved, url));
}

async function sendSave(thing, saved, url) {
  const headers = { "x-csrftoken": document.querySelector("meta[name=csrf-token]").content, "hx-request": "true" };
  const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams() }).catch(() => null);
  if (answer?.ok) {
    sessionStorage.setItem(SAVES, JSON.stringify({ ...told(), [thing]: saved }));
    return;
  }
  showSaved(thing, !saved);
  const said = new DOMParser().parseFromString((await answer?.text()) ?? "", "text/html").querySelector(".toast span");
  const text = said?.textContent ?? document.getElementById("saving").dataset.failed;
  document.dispatchEvent(new CustomEvent("uw:say", { detail: text }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save]");
  if (!button) return;
  event.preventDefault();
  save(button);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const [thing, saved] of Object.entries(told())) showSaved(thing, saved);
});
