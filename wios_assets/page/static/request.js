// The page of a request: follows the film until it is ready, then opens the film's page.

import { link } from "./common.js";
import { listen } from "./events.js";

const root = document.getElementById("request");
const element = (id) => document.getElementById(id);

function show(entry) {
  root.dataset.state = entry.state;
  for (const step of root.querySelectorAll(".steps li")) {
    if (step.dataset.state === entry.state) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  element("state").textContent = entry.state;
  element("state").classList.toggle("failed", entry.state === "failed");
  const left = entry.left_s === null ? "" : `, ${Math.ceil(entry.left_s)} s left`;
  element("progress").textContent =
    entry.share === null || entry.state === "failed" ? "" : `${Math.floor(100 * entry.share)} %${left}`;
  element("reason").hidden = !entry.reason;
  element("reason").textContent = entry.reason || "";
  const film = element("failed-film");
  film.hidden = entry.state !== "failed" || !entry.film;
  if (entry.film) film.firstElementChild.href = link(`/film/${encodeURIComponent(entry.film)}`);
}

async function refresh() {
  const response = await fetch(root.dataset.source).catch(() => null);
  if (!response || !response.ok) return;
  const entry = await response.json();
  show(entry);
  if (entry.state === "ready") location.replace(entry.page);
}

listen("request", (state) => {
  if (root.dataset.source.endsWith(`/${state.id}`)) void refresh();
});
listen("resume", () => void refresh());
void refresh();
