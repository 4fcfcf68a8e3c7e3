// Sends a video by tus ([data-video-upload]): goes on by itself after a broken line, and after the page was closed when the same
// file is chosen again. It is cut meanwhile: when it has arrived and [data-use] was pressed, its cut and cover are sent, and the
// button [data-added] is pressed with its id.

const CHUNK = 8 * 2 ** 20;
const DELAYS = [0, 500, 1500, 3000, 5000, 10000, 20000, 30000];
let client;

function tus(url) {
  client ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: url, onload: () => done(window.tus), onerror: failed });
    document.head.append(script);
  });
  return client;
}

const token = () => document.querySelector("meta[name=csrf-token]").content;
const part = (box, name) => box.querySelector(`[data-${name}]`);
const under = new WeakMap();

function say(box, text, bad = false) {
  const said = part(box, "said");
  said.textContent = text;
  said.classList.toggle("bad", bad);
}

async function send(box, file) {
  const { Upload } = await tus(box.dataset.client);
  part(box, "sending").hidden = false;
  part(box, "look").src = URL.createObjectURL(file);
  const bar = box.querySelector("progress");
  bar.value = 0;
  const upload = new Upload(file, {
    endpoint: box.dataset.videoUpload, chunkSize: CHUNK, retryDelays: DELAYS, removeFingerprintOnSuccess: true,
    metadata: { filename: file.name, filetype: file.type }, headers: { "x-csrftoken": token() },
    onProgress(sent, all) { bar.value = sent / all; say(box, box.dataset.sent.replace("{percent}", Math.floor((sent / all) * 100))); },
    onShouldRetry(error) {
      const status = error.originalResponse?.getStatus() ?? 0;
      const again = status === 0 || status === 409 || status === 423 || status >= 500;
      if (again) say(box, box.dataset.broken);
      return again;
    },
    onError(error) { say(box, error.originalResponse?.getBody() || box.dataset.failed, true); part(box, "choose").value = ""; },
    onSuccess() { sending.id = upload.url.split("/").pop(); say(box, box.dataset.done); use(box); },
  });
  const sending = { upload, id: null, wanted: false };
  under.set(box, sending);
  part(box, "use").disabled = false;
  const [earlier] = await upload.findPreviousUploads();
  if (earlier) upload.resumeFromPreviousUpload(earlier);
  upload.start();
}

async function use(box) {
  const { id, wanted } = under.get(box);
  if (!id || !wanted) return;
  const cut = Object.fromEntries([...box.querySelectorAll("[data-cut]")].map((field) => [field.dataset.cut, field.value]));
  if (Object.values(cut).some(Boolean)) {
    const answer = await fetch(`${box.dataset.videoUpload}/cut/${id}`, { method: "POST", body: new URLSearchParams(cut), headers: { "x-csrftoken": token(), "hx-request": "true" } });
    if (!answer.ok) {
      say(box, (await reasonOf(answer)) || box.dataset.failed, true);
      under.get(box).wanted = part(box, "use").disabled = false;
      return;
    }
  }
  const button = part(box, "added");
  button.value = `film:${id}`;
  button.click();
  reset(box);
}

function reset(box) {
  under.delete(box);
  part(box, "sending").hidden = true;
  part(box, "choose").value = "";
  for (const field of box.querySelectorAll("[data-cut]")) field.value = "";
}

document.addEventListener("change", ({ target }) => {
  const box = target.closest("[data-video-upload]");
  if (box && target.matches("[data-choose]") && target.files[0]) send(box, target.files[0]);
});
document.addEventListener("click", ({ target }) => {
  const box = target.closest("[data-video-upload]");
  if (!box) return;
  const here = target.closest("[data-here]");
  if (here) box.querySelector(`[data-cut=${here.dataset.here}]`).value = part(box, "look").currentTime.toFixed(1);
  if (target.closest("[data-use]")) { under.get(box).wanted = true; part(box, "use").disabled = true; use(box); }
  if (target.closest("[data-stop]")) { under.get(box)?.upload.abort(true); reset(box); }
});
// a form is not sent without the video that was chosen for it
document.addEventListener("submit", (event) => {
  const box = event.target.querySelector("[data-video-upload]");
  if (!box || !under.has(box) || event.submitter?.matches("[hx-post]")) return;
  event.preventDefault();
  event.stopPropagation();
  say(box, box.dataset.first, true);
  part(box, "use").focus();
}, { capture: true });

// --- captions ([data-captions]): what there is is fetched when the form is opened; each language is saved by itself
document.addEventListener("toggle", async ({ target }) => {
  if (!target.matches?.("[data-captions]") || !target.open) return;
  for (const part of target.querySelectorAll("[data-given]")) {
    const answer = await fetch(part.dataset.given, { cache: "no-store" });
    const field = part.querySelector("textarea");
    if (answer.ok && !field.value) field.value = await answer.text();
    delete part.dataset.given;
  }
}, { capture: true });
document.addEventListener("change", async ({ target }) => {
  if (!target.matches("[data-captions-file]") || !target.files[0]) return;
  target.closest("[data-lang]").querySelector("textarea").value = await target.files[0].text();
  target.value = "";
});
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-captions-save]");
  if (!button) return;
  const box = button.closest("[data-lang]");
  const field = box.querySelector("textarea");
  const body = new URLSearchParams({ lang: box.dataset.lang, captions: field.value });
  const answer = await fetch(button.closest("[data-captions]").dataset.captions, { method: "POST", body, headers: { "x-csrftoken": token(), "hx-request": "true" } }).catch(() => null);
  const why = answer && !answer.ok ? await reasonOf(answer) : "";
  say(box, answer?.ok ? button.dataset.saved : why || button.dataset.failed, !answer?.ok);
  part(box, "said").setAttribute("role", answer?.ok ? "status" : "alert");
  field.setAttribute("aria-invalid", String(!answer?.ok));
});
async function reasonOf(answer) {
  const told = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".toast > span");
  return told?.textContent.trim() ?? "";
}
