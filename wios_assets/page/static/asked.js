// Where the picture stands still, someone asks who that is: the question goes to the API, so that its answer is logged.

const STOOD_MS = 600;
const root = document.getElementById("film");
const video = document.getElementById("video");
const seek = document.getElementById("seek");
let timer = 0;
let last = -1;

function ask() {
  if (video && !video.paused) return;
  const instant = video ? video.currentTime : Number(seek.value);
  if (instant === last) return;
  last = instant;
  void fetch(`/api/films/${root.dataset.key}/who?t=${instant.toFixed(3)}&source=page`).catch(() => {});
}

function stood() {
  clearTimeout(timer);
  timer = setTimeout(ask, STOOD_MS);
}

if (video) for (const name of ["pause", "seeked"]) video.addEventListener(name, stood);
else seek.addEventListener("change", stood);
