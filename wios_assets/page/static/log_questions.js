// A viewer who stops at an instant asks who is on screen there: sends that question to the API, which logs the answer.

import { link } from "./common.js";

const DELAY_MS = 600;
const root = document.getElementById("film");
const video = document.getElementById("video");
const seek = document.getElementById("seek");
let timer = 0;
let lastInstant = -1;

function ask() {
  if (video && !video.paused) return;
  const instant = video ? video.currentTime : Number(seek.value);
  if (instant === lastInstant) return;
  lastInstant = instant;
  void fetch(link(`/api/films/${root.dataset.key}/who?t=${instant.toFixed(3)}&source=page`)).catch(() => {});
}

function askLater() {
  clearTimeout(timer);
  timer = setTimeout(ask, DELAY_MS);
}

if (video) for (const name of ["pause", "seeked"]) video.addEventListener(name, askLater);
else seek.addEventListener("change", askLater);
