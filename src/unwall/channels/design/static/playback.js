// The playing of videos ([data-player]): muted and by themselves while they are in view, or as player.js asks by the event
// unwall:play; and what was really watched. HLS where the browser has it, else by hls.js, which is fetched when the first such
// video begins; else the progressive file.

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const saving = () => localStorage.getItem("data-saver") === "1" || (navigator.connection?.saveData && localStorage.getItem("data-saver") !== "0");
const IN_VIEW = 0.6;
const COMPLETE = 0.95;
const tell = (kind, given) => document.dispatchEvent(new CustomEvent("unwall:record", { detail: { kind, ...given } }));
let library;

function hls(url) {
  library ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: url, onload: () => done(window.Hls), onerror: failed });
    document.head.append(script);
  });
  return library;
}

class Playback {
  constructor(box) {
    this.box = box;
    this.video = box.querySelector("video");
    this.fields = box.dataset.fields ? JSON.parse(box.dataset.fields) : {};
    this.inView = false;
    this.chosen = false; // somebody pressed: it does not stop or start by itself any more
    this.seen = new Set(); // the seconds that were watched
    this.seconds = 0;
    this.quartile = 0;
    box.addEventListener("unwall:play", (event) => this.press(event.detail));
    this.video.addEventListener("timeupdate", () => this.tick());
    this.video.addEventListener("seeking", () => { this.last = null; });
    this.video.addEventListener("playing", () => this.began());
  }

  get length() { return this.video.duration || Number(this.box.dataset.seconds) || 1; }

  press(on) {
    this.chosen = true;
    on ? this.play(false) : this.video.pause();
  }

  async play(byItself) {
    this.byItself = byItself;
    if (byItself) this.video.muted = true;
    await this.attach();
    await this.video.play().catch(() => {}); // the browser may not let it
  }

  async attach() {
    if (this.attached) return;
    this.attached = true;
    const [list, file] = [...this.video.querySelectorAll("source")].map((source) => source.src);
    if (this.video.canPlayType("application/vnd.apple.mpegurl")) return;
    if (!window.MediaSource && !window.ManagedMediaSource) return;
    try {
      const Hls = await hls(this.box.dataset.hls);
      const stream = new Hls({ enableWorker: false, capLevelToPlayerSize: true, maxBufferLength: 12, startLevel: saving() ? 0 : -1 });
      if (saving()) stream.autoLevelCapping = 0;
      stream.on(Hls.Events.ERROR, (_, { fatal }) => { if (fatal) { stream.destroy(); this.video.src = file; this.video.play().catch(() => {}); } });
      this.stream = stream;
      stream.loadSource(list);
      stream.attachMedia(this.video);
    } catch { this.video.src = file; }
  }

  save(on) {
    if (this.stream) this.stream.autoLevelCapping = on ? 0 : -1;
    if (on && this.byItself && !this.video.paused) this.video.pause();
  }

  // --- what was watched: seconds that were played and seen
  began() {
    if (this.told) return;
    this.told = true;
    tell("video-start", { ...this.fields, body: { kind: "video-start", video_id: this.box.dataset.player, by_itself: Boolean(this.byItself) } });
  }

  tick() {
    const at = this.video.currentTime;
    const passed = at - (this.last ?? at);
    this.last = at;
    if (document.hidden || !(this.inView || this.box.hasAttribute("popover")) || passed <= 0 || passed > 2) return;
    this.seconds += passed / this.video.playbackRate;
    this.seen.add(Math.floor(at));
    const share = this.share();
    const reached = share >= COMPLETE ? 4 : Math.min(3, Math.floor(share * 4));
    while (this.quartile < reached) {
      this.quartile += 1;
      tell("video-quartile", { ...this.fields, body: { kind: "video-quartile", video_id: this.box.dataset.player, quartile: this.quartile } });
    }
  }

  share() { return Math.min(1, this.seen.size / Math.max(1, Math.ceil(this.length - 0.25))); }

  leave() {
    if (this.seconds < 1) return;
    tell("watch", { ...this.fields, body: { kind: "watch", video_id: this.box.dataset.player, seconds: Math.round(this.seconds * 10) / 10, share: Math.round(this.share() * 1000) / 1000 } });
    this.seconds = 0;
  }

  look(inView) {
    this.inView = inView;
    if (inView && !this.chosen && !still && !saving()) this.play(true);
    if (!inView && !this.video.paused && !this.box.hasAttribute("popover")) { this.video.pause(); this.chosen = false; }
    if (!inView) this.leave();
  }
}

const known = new Map();
const watcher = new IntersectionObserver(
  (entries) => { for (const entry of entries) known.get(entry.target)?.look(entry.intersectionRatio >= IN_VIEW); },
  { threshold: [0, IN_VIEW] },
);

function find(within) {
  for (const box of [...(within.matches?.("[data-player]") ? [within] : []), ...within.querySelectorAll("[data-player]")]) {
    if (known.has(box)) continue;
    known.set(box, new Playback(box));
    watcher.observe(box);
  }
}

// before journal.js sends what it has: the capturing listener of the window comes first
for (const name of ["pagehide", "visibilitychange"]) addEventListener(name, () => { if (name === "pagehide" || document.hidden) for (const playback of known.values()) playback.leave(); }, { capture: true });
document.addEventListener("unwall:saver", ({ detail }) => { for (const playback of known.values()) playback.save(detail); });
document.addEventListener("htmx:load", (event) => find(event.detail.elt));
find(document);
