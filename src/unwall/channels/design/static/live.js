// Pages that stay up to date: `body[data-news]` is the address of an event stream. Each event, and the return to a tab that
// was hidden, triggers "news" on the body, which parts of the page ask to be loaded anew by. A hidden tab asks for nothing:
// what is loaded counts as read.

let waiting = false;

function tell() {
  if (document.visibilityState === "hidden") { waiting = true; return; }
  waiting = false;
  globalThis.htmx?.trigger(document.body, "news");
}

function follow(url, first = true) {
  const stream = new EventSource(url);
  let greeted = !first; // the first event only says that the stream has begun; the page is as new as that
  stream.addEventListener("message", () => { if (greeted) tell(); greeted = true; });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 5000, url, false);
    else greeted = true; // after an interruption something may have been missed
  });
}

document.addEventListener("visibilitychange", () => { if (waiting) tell(); });
addEventListener("online", tell);
if (document.body.dataset.news) follow(document.body.dataset.news);
