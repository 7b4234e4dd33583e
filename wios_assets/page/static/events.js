// Changes on the server as they happen, over one stream (/api/events) that all scripts of a page share.
//
// listen(kind, handler) calls the handler with the new state whenever something of that kind changes:
//   "film"       {film, state, progress, stage, reason, results}: a film's state; `state` is queued, running, ready,
//                failed or gone; `results` is another text whenever a run has replaced the film's appearances
//   "decisions"  {film, version}: a decision on the film was made or undone, by whomever
//   "names"      {film, state, reason}: the names that follow from decisions are waiting, running, done or failed
//   "request"    {id, state, share, reason, film}: a film that is being added
//   "resume"     {}: the stream was interrupted, or the tab was hidden, so changes may have been missed: ask again
//
// While the tab is hidden there is no stream, since browsers open only six connections to a server at once.

import { link } from "./common.js";

const RETRY_MS = 5000;
const KINDS = ["film", "decisions", "names", "request"];
const handlers = new Map();
let source = null;
let begun = false;
let timer = 0;

export function listen(kind, handler) {
  if (!handlers.has(kind)) handlers.set(kind, []);
  handlers.get(kind).push(handler);
  if (!source && !document.hidden) open();
}

function tell(kind, state) {
  for (const handler of handlers.get(kind) || []) handler(state);
}

function open() {
  clearTimeout(timer);
  source = new EventSource(link("/api/events"));
  for (const kind of KINDS) source.addEventListener(kind, (event) => tell(kind, JSON.parse(event.data)));
  source.addEventListener("begin", () => {
    if (begun) tell("resume", {});
    begun = true;
  });
  source.addEventListener("error", () => {
    // The browser connects again by itself, unless the page has refused.
    if (source && source.readyState === EventSource.CLOSED) {
      close();
      timer = setTimeout(open, RETRY_MS);
    }
  });
}

function close() {
  clearTimeout(timer);
  if (source) source.close();
  source = null;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) close();
  else if (!source && handlers.size) open();
});
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => {
  if (event.persisted && !source && handlers.size) open();
});
