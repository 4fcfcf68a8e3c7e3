// The controls of a video ([data-player]): buttons, keys, stills along the time, and products by time. What starts and stops
// it is playback.js, asked by the event unwall:play; what shows it over the whole screen, and the next one after it, is
// screen.js, asked by unwall:screen. All stand in design/player.html. Without scripts the browser's own controls play it.

const SPEEDS = [1, 1.25, 1.5, 2, 0.5];
const CAPTION_LINE = -7; // of the picture, from below
const SHAPES = {
  play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z", full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  sound: "M4 9v6h4l5 4V5L8 9zM16 8a5 5 0 0 1 0 8z", mute: "M4 9v6h4l5 4V5L8 9zM15 9l6 6-1.4 1.4-6-6zM19.6 7.6 21 9l-6 6-1.4-1.4z",
};
const draw = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${SHAPES[name]}"/></svg>`;
const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

class Player {
  constructor(box) {
    this.box = box;
    this.video = box.querySelector("video");
    this.bar = box.querySelector("[data-bar]");
    this.seek = box.querySelector("[data-seek]");
    this.time = box.querySelector("[data-time]");
    this.stillBox = box.querySelector("[data-still]");
    this.preview = box.dataset.preview ? JSON.parse(box.dataset.preview) : null;
    this.video.controls = false;
    this.bar.hidden = false;
    this.listen();
    this.show();
  }

  get length() { return this.video.duration || Number(this.box.dataset.seconds) || 1; }

  listen() {
    const { video, box } = this;
    for (const name of ["play", "pause", "volumechange", "ratechange", "durationchange"]) video.addEventListener(name, () => this.show());
    video.textTracks.addEventListener("change", () => this.show());
    for (const track of video.querySelectorAll("track")) track.addEventListener("load", () => this.raise(track.track));
    video.addEventListener("timeupdate", () => this.showTime());
    video.addEventListener("click", () => this.act("play"));
    this.bar.addEventListener("click", (event) => { const button = event.target.closest("[data-do]"); if (button) this.act(button.dataset.do); });
    this.seek.addEventListener("input", () => { video.currentTime = Number(this.seek.value); this.peek(this.seek.value / this.length); });
    document.addEventListener("click", (event) => { const more = this.bar.querySelector("[data-more]"); if (more.open && !more.contains(event.target)) more.open = false; });
    this.seek.addEventListener("pointermove", (event) => this.peek(event.offsetX / this.seek.clientWidth));
    for (const name of ["pointerleave", "blur", "change"]) this.seek.addEventListener(name, () => { this.stillBox.hidden = true; });
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("unwall:screen-changed", () => this.show());
  }

  // captions that say nothing of their position stand above the buttons and tags
  raise(track) { for (const cue of track.cues ?? []) if (cue.line === "auto") cue.line = CAPTION_LINE; }

  get filling() { return this.box.hasAttribute("popover"); }

  ask(name, detail) { this.box.dispatchEvent(new CustomEvent(`unwall:${name}`, { detail })); }

  act(what) {
    const { video } = this;
    if (what === "play") this.ask("play", video.paused);
    if (what === "sound") video.muted = !video.muted;
    if (what === "speed") video.playbackRate = SPEEDS[(SPEEDS.indexOf(video.playbackRate) + 1) % SPEEDS.length];
    if (what === "saver") this.save();
    if (what === "next" || what === "full") this.ask("screen", what);
    if (what === "captions") {
      const on = [...video.textTracks].some((track) => track.mode === "showing");
      const wanted = [...video.textTracks].find((track) => track.language === document.documentElement.lang.slice(0, 2)) ?? video.textTracks[0];
      for (const track of video.textTracks) track.mode = !on && track === wanted ? "showing" : "disabled";
    }
  }

  // fewer bytes, on this device: nothing plays by itself, and the smallest size is enough
  save() {
    const on = localStorage.getItem("data-saver") !== "1";
    localStorage.setItem("data-saver", on ? "1" : "0");
    document.dispatchEvent(new CustomEvent("unwall:saver", { detail: on }));
  }

  key(event) {
    if (event.target.matches("a") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && this.filling) this.ask("screen", "leave");
    const step = { ArrowLeft: -5, ArrowRight: 5, j: -10, l: 10 }[event.key];
    const what = { k: "play", m: "sound", f: "full", c: "captions", n: "next" }[event.key];
    if (what === "captions" && !this.bar.querySelector("[data-do=captions]")) return;
    if (step && event.target !== this.seek) this.video.currentTime += step;
    else if (what) this.act(what);
    else return;
    event.preventDefault();
  }

  show() {
    const { video, bar, box } = this;
    const on = !video.paused;
    box.toggleAttribute("data-playing", on);
    this.face("play", on ? "pause" : "play", on);
    this.face("sound", video.muted ? "mute" : "sound", !video.muted);
    this.face("full", "full", this.filling);
    bar.querySelector("[data-speed]").textContent = `${video.playbackRate}×`;
    bar.querySelector("[data-do=captions]")?.setAttribute("aria-pressed", String([...video.textTracks].some((track) => track.mode === "showing")));
    this.seek.max = this.length;
    this.showTime();
  }

  face(what, shape, other) {
    const button = this.bar.querySelector(`[data-do=${what}]`);
    button.dataset.first ??= button.getAttribute("aria-label");
    button.setAttribute("aria-label", other ? button.dataset.other : button.dataset.first);
    if (button.dataset.shape !== shape) { button.innerHTML = draw(shape); button.dataset.shape = shape; }
  }

  showTime() {
    const at = this.video.currentTime;
    if (document.activeElement !== this.seek) this.seek.value = at;
    this.seek.setAttribute("aria-valuetext", `${clock(at)} / ${clock(this.length)}`);
    this.time.textContent = `${clock(at)} / ${clock(this.length)}`;
    for (const tag of this.box.querySelectorAll("[data-t0]")) tag.toggleAttribute("data-off", at < Number(tag.dataset.t0) || at >= Number(tag.dataset.t1));
  }

  peek(share) {
    if (!this.preview || !(share >= 0 && share <= 1)) return;
    const { width, height, columns, count, interval, url } = this.preview;
    const n = Math.min(count - 1, Math.floor((share * this.length * 1000) / interval));
    Object.assign(this.stillBox.style, {
      width: `${width}px`, height: `${height}px`, left: `${share * 100}%`, backgroundImage: `url(${url})`,
      backgroundPosition: `-${(n % columns) * width}px -${Math.floor(n / columns) * height}px`,
    });
    this.stillBox.hidden = false;
  }
}

const known = new WeakSet();

function saved() {
  const on = localStorage.getItem("data-saver") === "1";
  for (const button of document.querySelectorAll("[data-player] [data-do=saver]")) button.setAttribute("aria-pressed", String(on));
}

document.addEventListener("unwall:saver", saved);

function find(within) {
  for (const box of [...(within.matches?.("[data-player]") ? [within] : []), ...within.querySelectorAll("[data-player]")]) {
    if (known.has(box)) continue;
    known.add(box);
    new Player(box);
  }
  saved();
}

document.addEventListener("htmx:load", (event) => find(event.detail.elt));
find(document);
