// The page of found scenes: plays them one after the other, and keeps empty fields out of the address.

import { link } from "./common.js";

const form = document.getElementById("question");
const list = document.getElementById("scenes");
const player = document.getElementById("player");
let current = -1;

form.addEventListener("submit", () => {
  for (const input of form.querySelectorAll("input:not([type=checkbox])")) input.disabled = !input.value.trim();
  const sort = form.elements.sort;
  sort.disabled = sort.value === "film";
});
// A page that comes back from the browser's cache has its fields as they were sent.
window.addEventListener("pageshow", () => {
  for (const field of form.elements) field.disabled = false;
});

if (list && player) {
  const video = player.querySelector("video");
  const items = [...list.children];
  document.getElementById("play-all-line").hidden = false;
  for (const [index, item] of items.entries()) {
    const button = item.querySelector(".play");
    button.hidden = false;
    button.addEventListener("click", () => play(index));
  }
  document.getElementById("play-all").addEventListener("click", () => play(0));
  document.getElementById("next-scene").addEventListener("click", () => play(current + 1));
  document.getElementById("previous-scene").addEventListener("click", () => play(current - 1));
  video.addEventListener("timeupdate", () => {
    if (current >= 0 && !video.seeking && video.currentTime >= Number(items[current].dataset.end)) play(current + 1);
  });
  video.addEventListener("error", () => {
    const name = items[current].querySelector(".name").textContent;
    document.getElementById("playing").textContent = `${name} cannot be played here; its link opens the film's page.`;
  });

  function play(index) {
    if (index < 0 || index >= items.length) {
      video.pause();
      return;
    }
    if (current >= 0) items[current].removeAttribute("aria-current");
    current = index;
    const { film, start } = items[index].dataset;
    player.hidden = false;
    items[index].setAttribute("aria-current", "true");
    const name = items[index].querySelector(".name").textContent;
    document.getElementById("playing").textContent = `${index + 1} of ${items.length}: ${name}`;
    const source = link(`/video/${film}`);
    const begin = () => {
      video.currentTime = Number(start);
      void video.play().catch(() => {});
    };
    if (video.getAttribute("src") === source) return begin();
    video.src = source;
    video.addEventListener("loadedmetadata", begin, { once: true });
  }
}
