// Sheets and lists in the browser's history: Back closes a sheet, and an address keeps what was chosen and loaded.

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.target.closest("dialog");
  if (dialog && !dialog.open) openSheet(dialog);
});

// --- a sheet is a step of the history: Back closes it
function openSheet(dialog) {
  dialog.showModal();
  dialog.scrollTop = 0;
  if (!history.state?.sheet) history.pushState({ sheet: true }, "");
}

const sheet = document.getElementById("sheet");
sheet?.addEventListener("close", () => { if (history.state?.sheet) history.back(); });
addEventListener("popstate", (event) => { if (sheet?.open && !event.state?.sheet) sheet.close(); });
if (history.state?.sheet) history.replaceState(null, "");

// --- the address keeps what was chosen and how much was loaded, so that Back and a reload show it again
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const pressed = detail.requestConfig.elt; // detail.elt is another where the answer replaced it
  if (!detail.successful || !pressed.matches("[data-address], [data-more]")) return;
  const url = new URL("address" in pressed.dataset ? pressed.href : location);
  if ("more" in pressed.dataset) url.searchParams.set("pages", Number(url.searchParams.get("pages") ?? 1) + 1);
  history.replaceState(history.state, "", url);
});

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-to]")) showWhere(event, at("[data-to]"));
  if (at("dialog.sheet a[href]")) leaveSheet(event, at("a[href]"));
});

// what is still to be chosen, instead of a jump to it
function showWhere(event, link) {
  event.preventDefault();
  const wanted = document.getElementById(link.hash.slice(1));
  wanted?.scrollIntoView({ block: "center" });
  wanted?.classList.add("wanted");
  wanted?.querySelector("a")?.focus({ preventScroll: true });
}

// a page opened from a sheet takes the sheet's place in the history
function leaveSheet(event, link) {
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || link.target || link.matches("[hx-get], [data-to]");
  if (event.defaultPrevented || elsewhere || !history.state?.sheet) return;
  event.preventDefault();
  location.replace(link.href);
}
