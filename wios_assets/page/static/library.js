// The pages over all films: show their part anew when a film's state or results change.

import { listen } from "./events.js";

const QUIET_MS = 800;
const part = document.getElementById("shelf") || document.getElementById("overview");
let timer = 0;

async function refresh() {
  try {
    const response = await fetch(location.href);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const current = page.getElementById(part.id);
    // What somebody is about to press must not be taken away.
    if (!response.ok || !current || part.contains(document.activeElement)) return;
    if (current.innerHTML !== part.innerHTML) part.replaceChildren(...current.childNodes);
  } catch {
    // The page may be restarting; the next change shows it.
  }
}

function refreshSoon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, QUIET_MS);
}

if (part) for (const kind of ["film", "decisions", "resume"]) listen(kind, refreshSoon);
