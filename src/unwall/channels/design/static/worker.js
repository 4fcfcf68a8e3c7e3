// The service worker: shows push messages, and a page of its own where the network is away. It keeps nothing else: pages say
// what is true now and belong to whoever is signed in.

const CACHE = "offline-1";
const OFFLINE = "/offline";

async function keepOffline() {
  const cache = await caches.open(CACHE);
  const page = await fetch(OFFLINE, { cache: "reload", credentials: "omit" });
  const styles = [...(await page.clone().text()).matchAll(/href="(\/static\/[^"]+\.css[^"]*)"/g)].map((found) => found[1]);
  await cache.put(OFFLINE, page);
  await cache.addAll(styles);
  await self.skipWaiting();
}

self.addEventListener("install", (event) => event.waitUntil(keepOffline()));

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const page = event.request.mode === "navigate" && event.request.method === "GET";
  if (page || event.request.destination === "style") event.respondWith(fetch(event.request).catch(() => caches.match(page ? OFFLINE : event.request)));
});

self.addEventListener("push", (event) => {
  const { title, body, url, tag } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag, data: { url }, icon: "/static/icon-192.png", badge: "/static/icon-192.png" }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, self.location.origin).href;
  event.waitUntil(self.clients.matchAll({ type: "window" }).then((windows) => {
    const open = windows.find((window) => window.url === url);
    return open ? open.focus() : self.clients.openWindow(url);
  }));
});
