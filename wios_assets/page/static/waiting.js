// The page of a film that is not ready: shows its state anew whenever that changes.

import { listen } from "./events.js";

const film = document.getElementById("waiting").dataset.film;

async function refresh() {
  const panel = document.getElementById("waiting");
  try {
    const response = await fetch(location.href);
    const current = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("waiting");
    if (!response.ok || !current) return location.reload();
    if (current.textContent !== panel.textContent) panel.replaceChildren(...current.childNodes);
  } catch {
    // The page may be restarting.
  }
}

listen("film", (state) => {
  if (state.film === film) void refresh();
});
listen("resume", () => void refresh());
