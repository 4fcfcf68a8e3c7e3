// What stands for a picture that has not come yet: painted from the ThumbHash that its file's name holds
// (media/rules.py). The decoder follows https://github.com/evanw/thumbhash (MIT). Nothing is asked for, and without scripts
// the frame stays as it is.

const NAME = /\/[0-9a-f]{40}-([\w-]{7,40})-\d+x\d+(?:-\d+)?\.webp$/;
const PIXELS = 24; // a side; the browser draws it as large as the frame
const waves = new Array(8).fill(0).map((_, n) => new Array(PIXELS).fill(0).map((_, at) => Math.cos((Math.PI / PIXELS) * (at + 0.5) * n)));

// one channel of the picture, from its mean and its waves (across and down), whose strengths `next` gives
function channel(next, mean, across, down, scale) {
  const values = new Float32Array(PIXELS * PIXELS).fill(mean);
  for (let v = 0; v < down; v++) for (let u = v ? 0 : 1; u * down < across * (down - v); u++) {
    const strength = (next() / 7.5 - 1) * scale * 2;
    for (let y = 0, i = 0; y < PIXELS; y++) for (let x = 0; x < PIXELS; x++, i++) values[i] += strength * waves[u][x] * waves[v][y];
  }
  return values;
}

// a square canvas, or none for a picture that one sees through
function painted(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const head = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16), lengths = bytes[3] | (bytes[4] << 8);
  if (head >> 23) return null;
  let at = 0;
  const next = () => { const byte = bytes[5 + (at >> 1)] ?? 0; return (at++ & 1 ? byte >> 4 : byte) & 15; };
  const other = Math.max(3, lengths & 7);
  const [across, down] = lengths >> 15 ? [7, other] : [other, 7];
  const light = channel(next, (head & 63) / 63, across, down, ((head >> 18) & 31) / 31);
  const yellow = channel(next, ((head >> 6) & 63) / 31.5 - 1, 3, 3, (((lengths >> 3) & 63) / 63) * 1.25);
  const red = channel(next, ((head >> 12) & 63) / 31.5 - 1, 3, 3, (((lengths >> 9) & 63) / 63) * 1.25);
  const canvas = Object.assign(document.createElement("canvas"), { width: PIXELS, height: PIXELS, className: "placeholder" });
  const context = canvas.getContext("2d");
  const image = context.createImageData(PIXELS, PIXELS);
  for (let i = 0; i < light.length; i++) {
    const blue = light[i] - (2 / 3) * yellow[i], r = (3 * light[i] - blue + red[i]) / 2;
    image.data.set([255 * r, 255 * (r - red[i]), 255 * blue, 255], 4 * i); // the array clamps
  }
  context.putImageData(image, 0, 0);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

const held = new WeakSet();

function hold(frame, address, come) {
  if (held.has(frame)) return;
  held.add(frame);
  const hash = NAME.exec(address)?.[1];
  const canvas = hash && painted(hash);
  if (!canvas) return;
  frame.prepend(canvas);
  come(() => canvas.remove());
}

function find(within) {
  for (const image of within.querySelectorAll(".frame > img")) {
    if (!image.complete) hold(image.parentElement, image.getAttribute("src"), (gone) => image.addEventListener("load", gone, { once: true }));
  }
  for (const video of within.querySelectorAll("[data-player] > video[poster]")) {
    hold(video.parentElement, video.poster, (gone) => { const cover = new Image(); cover.addEventListener("load", gone, { once: true }); cover.src = video.poster; });
  }
}

document.addEventListener("htmx:load", (event) => find(event.detail.elt));
find(document);
