// A video ([data-player]) over the whole screen, and from one video to the next: by a swipe, or as player.js asks by the event
// unwall:screen (full, leave, next). Says unwall:screen-changed when the video is over the screen, or not any more.

const SWIPE_PIXELS = 60;
const toasts = document.getElementById("toasts");
const known = new Map();

class Screen {
  constructor(box) {
    this.box = box;
    this.video = box.querySelector("video");
    box.addEventListener("unwall:screen", (event) => this.act(event.detail));
    box.addEventListener("touchstart", (event) => { this.from = event.touches[0].clientY; }, { passive: true });
    box.addEventListener("touchend", (event) => this.swipe(this.from - event.changedTouches[0].clientY));
  }

  get filling() { return this.box.hasAttribute("popover"); }

  act(what) {
    if (what === "full") this.filling ? this.leave() : this.fill();
    if (what === "leave") this.leave();
    if (what === "next") this.next();
  }

  play() { this.box.dispatchEvent(new CustomEvent("unwall:play", { detail: true })); }

  changed() { this.box.dispatchEvent(new CustomEvent("unwall:screen-changed")); }

  // over everything, in the browser's full screen where it has one for pages (iPhones have none)
  fill(muted = this.video.muted) {
    this.video.muted = muted;
    this.play();
    if (!this.box.showPopover) { this.video.webkitEnterFullscreen?.(); return; }
    this.box.popover = "manual";
    this.box.showPopover();
    this.box.append(toasts); // what is said stands on the video
    if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
    this.changed();
  }

  empty() {
    this.box.hidePopover();
    this.box.removeAttribute("popover");
    document.body.append(toasts);
    this.changed();
  }

  // who leaves another post's video is on its page
  leave() {
    this.empty();
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    if (this.box.dataset.url && this.box.dataset.url !== location.pathname) location.assign(this.box.dataset.url);
  }

  swipe(up) {
    if (!this.filling || Math.abs(up) < SWIPE_PIXELS) return;
    up > 0 ? this.next() : this.turn(this.neighbour(-1));
  }

  neighbour(step) {
    const boxes = [...document.querySelectorAll("[data-player]")];
    return boxes[boxes.indexOf(this.box) + step];
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
    const screen = known.get(other);
    this.video.pause();
    if (this.filling) { this.empty(); screen.fill(muted); } else screen.play();
    other.scrollIntoView();
    other.querySelector("[data-bar] button").focus({ preventScroll: true });
  }
}

document.addEventListener("fullscreenchange", () => {
  if (document.fullscreenElement) return;
  for (const screen of known.values()) if (screen.filling) screen.leave();
});

function find(within) {
  for (const box of [...(within.matches?.("[data-player]") ? [within] : []), ...within.querySelectorAll("[data-player]")]) {
    if (!known.has(box)) known.set(box, new Screen(box));
  }
}

document.addEventListener("htmx:load", (event) => find(event.detail.elt));
find(document);
