// The controls of videos ([data-player]): buttons, keys, swipes, stills along the time, and products by time. What starts and
// stops a video is playback.js, which is asked by the event unwall:play; both stand in design/player.html. Without scripts
// the browser's own controls play them.

const SPEEDS = [1, 1.25, 1.5, 2, 0.5];
const SWIPE_PIXELS = 60;
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
    video.addEventListener("timeupdate", () => this.place());
    video.addEventListener("click", () => this.act("play"));
    this.bar.addEventListener("click", (event) => { const button = event.target.closest("[data-do]"); if (button) this.act(button.dataset.do); });
    this.seek.addEventListener("input", () => { video.currentTime = Number(this.seek.value); this.peek(this.seek.value / this.length); });
    document.addEventListener("click", (event) => { const more = this.bar.querySelector("[data-more]"); if (more.open && !more.contains(event.target)) more.open = false; });
    this.seek.addEventListener("pointermove", (event) => this.peek(event.offsetX / this.seek.clientWidth));
    for (const name of ["pointerleave", "blur", "change"]) this.seek.addEventListener(name, () => { this.stillBox.hidden = true; });
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("touchstart", (event) => { this.from = event.touches[0].clientY; }, { passive: true });
    box.addEventListener("touchend", (event) => this.swipe(this.from - event.changedTouches[0].clientY));
  }

  // captions that say nothing of their place stand above the buttons and tags
  raise(track) { for (const cue of track.cues ?? []) if (cue.line === "auto") cue.line = CAPTION_LINE; }

  ask(on) { this.box.dispatchEvent(new CustomEvent("unwall:play", { detail: on })); }

  act(what) {
    const { video } = this;
    if (what === "play") this.ask(video.paused);
    if (what === "sound") video.muted = !video.muted;
    if (what === "speed") video.playbackRate = SPEEDS[(SPEEDS.indexOf(video.playbackRate) + 1) % SPEEDS.length];
    if (what === "saver") this.save();
    if (what === "next") this.next();
    if (what === "full") this.filling ? this.leave() : this.fill();
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

  get filling() { return this.box.hasAttribute("popover"); }

  // over everything, in the browser's full screen where it has one for pages (iPhones have none)
  fill(muted = this.video.muted) {
    this.video.muted = muted;
    this.ask(true);
    if (!this.box.showPopover) { this.video.webkitEnterFullscreen?.(); return; }
    this.box.popover = "manual";
    this.box.showPopover();
    this.box.append(toasts); // what is said stands on the video
    if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
    this.show();
  }

  empty() {
    this.box.hidePopover();
    this.box.removeAttribute("popover");
    document.body.append(toasts);
    this.show();
  }

  // who leaves another post's video is on its page
  leave() {
    this.empty();
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    if (this.box.dataset.url && this.box.dataset.url !== location.pathname) location.assign(this.box.dataset.url);
  }

  key(event) {
    if (event.target.matches("a") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && this.filling) this.leave();
    const step = { ArrowLeft: -5, ArrowRight: 5, j: -10, l: 10 }[event.key];
    const what = { k: "play", m: "sound", f: "full", c: "captions", n: "next" }[event.key];
    if (what === "captions" && !this.bar.querySelector("[data-do=captions]")) return;
    if (step && event.target !== this.seek) this.video.currentTime += step;
    else if (what) this.act(what);
    else return;
    event.preventDefault();
  }

  swipe(up) {
    if (!this.filling || Math.abs(up) < SWIPE_PIXELS) return;
    up > 0 ? this.next() : this.turn(this.neighbour(-1));
  }

  neighbour(step) {
    const players = [...document.querySelectorAll("[data-player]")];
    return players[players.indexOf(this.box) + step];
  }

  // the one below on this page; or the next video's own, which is fetched from its page
  async next() {
    const other = this.neighbour(1);
    if (other || !this.box.dataset.next) return this.turn(other);
    if (!this.filling) return location.assign(this.box.dataset.next);
    if (this.box.hasAttribute("aria-busy")) return undefined;
    this.box.setAttribute("aria-busy", "true");
    try {
      const text = await (await fetch(this.box.dataset.next)).text();
      const box = new DOMParser().parseFromString(text, "text/html").querySelector("[data-player]");
      if (!box) return location.assign(this.box.dataset.next);
      const added = document.importNode(box, true);
      this.box.after(added);
      window.htmx?.process(added);
      document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: added } }));
      return this.turn(added);
    } finally { this.box.removeAttribute("aria-busy"); }
  }

  turn(other) {
    if (!other) return;
    const muted = this.video.muted;
    this.video.pause();
    const player = known.get(other);
    if (this.filling) { this.empty(); player.fill(muted); } else player.ask(true);
    other.scrollIntoView();
    player.bar.querySelector("button").focus({ preventScroll: true });
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
    this.place();
  }

  face(what, shape, other) {
    const button = this.bar.querySelector(`[data-do=${what}]`);
    button.dataset.first ??= button.getAttribute("aria-label");
    button.setAttribute("aria-label", other ? button.dataset.other : button.dataset.first);
    if (button.dataset.shape !== shape) { button.innerHTML = draw(shape); button.dataset.shape = shape; }
  }

  place() {
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

const known = new Map();

function saved() {
  const on = localStorage.getItem("data-saver") === "1";
  for (const button of document.querySelectorAll("[data-player] [data-do=saver]")) button.setAttribute("aria-pressed", String(on));
}

const toasts = document.getElementById("toasts");
document.addEventListener("fullscreenchange", () => {
  if (document.fullscreenElement) return;
  for (const player of known.values()) if (player.filling) player.leave();
});
document.addEventListener("unwall:saver", saved);

function find(within) {
  for (const box of [...(within.matches?.("[data-player]") ? [within] : []), ...within.querySelectorAll("[data-player]")]) {
    if (known.has(box)) continue;
    known.set(box, new Player(box));
  }
  saved();
}

document.addEventListener("htmx:load", (event) => find(event.detail.elt));
find(document);
