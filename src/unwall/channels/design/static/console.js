// The calendar: a post is dragged to another day and keeps its hour. The form in it does the same.
const week = document.querySelector("[data-week]");
let dragged = null;

if (week) {
  week.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-move]");
    event.dataTransfer.effectAllowed = "move";
  });
  week.addEventListener("dragover", (event) => {
    const day = event.target.closest("[data-day]");
    for (const other of week.querySelectorAll(".over")) other.classList.toggle("over", other === day);
    if (!day || !dragged) return;
    day.classList.add("over");
    event.preventDefault();
  });
  week.addEventListener("dragend", () => {
    for (const day of week.querySelectorAll(".over")) day.classList.remove("over");
  });
  week.addEventListener("drop", (event) => {
    const day = event.target.closest("[data-day]");
    if (!day || !dragged) return;
    event.preventDefault();
    const form = dragged.querySelector("form");
    const field = form.elements.scheduled_at;
    field.value = `${day.dataset.day}T${field.value.slice(11)}`;
    form.requestSubmit();
  });
}

// The moderation queue by keyboard: j and k move, x chooses, the letters on the answers choose what to do.
const queue = document.querySelector("[data-queue]");
let here = -1;

if (queue) document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return;
  const cases = [...queue.querySelectorAll("li.case")];
  const answer = queue.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  const step = { j: 1, k: -1 }[event.key];
  if (step && cases.length) {
    cases[here]?.classList.remove("here");
    here = Math.min(Math.max(here + step, 0), cases.length - 1);
    cases[here].classList.add("here");
    cases[here].querySelector("[type=checkbox]").focus();
    cases[here].scrollIntoView({ block: "center" });
  } else if (event.key === "x" && cases[here]) {
    cases[here].querySelector("[type=checkbox]").click();
  } else if (answer) {
    answer.checked = true;
    answer.focus();
  } else return;
  event.preventDefault();
});
