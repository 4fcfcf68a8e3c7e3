// While a hashtag is typed into a text with data-hashtags, those in use that begin so are offered below it.

const TYPED = /(?:^|[^\p{L}\p{N}\p{M}_&/@#＃])[#＃]([\p{L}\p{N}\p{M}_]{1,50})$/u;
let asked = "";

const beforeCaret = (text) => TYPED.exec(text.value.slice(0, text.selectionStart))?.[1] ?? "";

function offered(text) {
  let row = text.parentElement.querySelector("[data-offered]");
  if (!row) {
    row = Object.assign(document.createElement("div"), { className: "chips" });
    row.dataset.offered = "";
    row.setAttribute("aria-live", "polite");
    text.after(row);
  }
  return row;
}

function chip(text, tag) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "chip" });
  const name = Object.assign(document.createElement("span"), { textContent: `#${tag.name}` });
  const posts = Object.assign(document.createElement("small"), { className: "muted", textContent: tag.posts });
  button.append(name, posts);
  button.addEventListener("click", () => complete(text, tag.name));
  return button;
}

function complete(text, name) {
  const begin = text.selectionStart - beforeCaret(text).length;
  text.setRangeText(`${name} `, begin, text.selectionStart, "end");
  offered(text).replaceChildren();
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
}

async function offer(text) {
  const words = beforeCaret(text);
  if (words === asked) return;
  asked = words;
  const row = offered(text);
  if (!words) return row.replaceChildren();
  const answer = await fetch(`/hashtags?q=${encodeURIComponent(words)}`).catch(() => null);
  const tags = answer?.ok ? await answer.json() : [];
  if (words === asked) row.replaceChildren(...tags.filter((tag) => tag.name !== words).map((tag) => chip(text, tag)));
  return undefined;
}

document.addEventListener("input", (event) => {
  if (event.target.matches("textarea[data-hashtags]")) offer(event.target);
});
