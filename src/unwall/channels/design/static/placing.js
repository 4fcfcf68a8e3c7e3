// In a composer a press on the picture puts the chosen product's point there. The number fields beside it do the same.

document.addEventListener("click", (event) => {
  const stage = event.target.closest("[data-placing]");
  if (!stage) return;
  const form = stage.closest("form");
  const point = event.target.closest("[data-tag]");
  const chosen = point ? form.querySelector(`[name=placing][value="${point.dataset.tag}"]`) : form.querySelector("[name=placing]:checked");
  if (!chosen) return;
  chosen.checked = true;
  if (point) return;
  const box = stage.getBoundingClientRect();
  putPoint(form, chosen.value, stage, ((event.clientX - box.left) / box.width) * 100, ((event.clientY - box.top) / box.height) * 100);
});

function putPoint(form, tag, stage, x, y) {
  const field = (name) => form.elements[`tags.${tag}.${name}`];
  field("media").value = stage.dataset.placing;
  field("x").value = x.toFixed(1);
  field("y").value = y.toFixed(1);
  let mark = form.querySelector(`[data-tag="${tag}"]`);
  if (!mark) {
    mark = document.createElement("a");
    mark.dataset.tag = tag;
  }
  stage.querySelector("[data-points]").append(mark);
  mark.hidden = false;
  mark.style.left = `${x}%`;
  mark.style.top = `${y}%`;
  field("x").dispatchEvent(new Event("input", { bubbles: true })); // the phone beside it follows
}

// A tag of a film begins or ends where the film stands.
document.addEventListener("click", (event) => {
  const mark = event.target.closest("[data-mark]");
  if (!mark) return;
  const { form } = mark;
  const number = mark.dataset.mark.split(".")[1];
  const film = form.querySelector(`[data-film="${form.elements[`tags.${number}.media`].value}"] video`);
  if (!film) return;
  const field = form.elements[mark.dataset.mark];
  field.value = film.currentTime.toFixed(1);
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
