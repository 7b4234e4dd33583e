// The frame of a review with the face marked, and the five seconds around it.

import { clock, link } from "./common.js";

const AROUND_S = 2.5;
const SETTLED_MS = 80;

export class Clip {
  constructor(aside, film) {
    this.film = film;
    this.video = aside.querySelector("video");
    this.picture = aside.querySelector("img");
    this.mark = aside.querySelector(".face");
    this.play = document.getElementById("clip-play");
    this.time = document.getElementById("clip-time");
    this.link = document.getElementById("clip-open");
    this.playing = false;
    this.fallback = false;
    this.play.addEventListener("click", () => this.toggle());
    this.video.addEventListener("error", () => this.useFrames());
    this.video.addEventListener("loadedmetadata", () => (this.video.videoWidth ? this.seek() : this.useFrames()));
    this.video.addEventListener("timeupdate", () => this.onTime());
    this.picture.addEventListener("load", () => this.place());
    new ResizeObserver(() => this.place()).observe(aside);
    if (this.video.error) this.useFrames();
  }

  // Where the browser cannot play the film, the page sends single frames.
  useFrames() {
    this.fallback = true;
    this.video.hidden = true;
    this.picture.hidden = false;
    this.play.disabled = true;
    this.seek();
  }

  // Shows the frame of a card's face.
  show(card) {
    this.instant = Number(card.dataset.faceS || card.dataset.start);
    this.box = card.dataset.box ? card.dataset.box.split(" ").map(Number) : null;
    this.time.textContent = clock(this.instant);
    this.link.href = link(`/film/${this.film}?t=${this.instant.toFixed(2)}`);
    clearTimeout(this.pending);
    this.pending = setTimeout(() => this.seek(), SETTLED_MS);
  }

  seek() {
    if (this.instant === undefined) return;
    this.stop();
    if (this.fallback) this.picture.src = link(`/frame/${this.film}?t=${this.instant.toFixed(2)}`);
    else if (this.video.readyState > 0) this.video.currentTime = this.instant;
    this.place();
  }

  toggle() {
    if (this.playing) return this.seek();
    if (this.fallback || this.instant === undefined) return;
    this.playing = true;
    this.mark.hidden = true;
    this.video.currentTime = Math.max(0, this.instant - AROUND_S);
    this.video.play();
  }

  stop() {
    this.playing = false;
    this.video.pause();
  }

  onTime() {
    if (this.playing && this.video.currentTime >= this.instant + AROUND_S) this.seek();
  }

  place() {
    const shown = this.fallback ? this.picture : this.video;
    const [width, height] = this.fallback
      ? [this.picture.naturalWidth, this.picture.naturalHeight]
      : [this.video.videoWidth, this.video.videoHeight];
    this.mark.hidden = this.playing || !this.box || !width;
    if (this.mark.hidden) return;
    const scale = Math.min(shown.clientWidth / width, shown.clientHeight / height);
    const [left, top] = [(shown.clientWidth - width * scale) / 2, (shown.clientHeight - height * scale) / 2];
    const [x1, y1, x2, y2] = this.box;
    const { style } = this.mark;
    style.left = `${left + x1 * width * scale}px`;
    style.top = `${top + y1 * height * scale}px`;
    style.width = `${(x2 - x1) * width * scale}px`;
    style.height = `${(y2 - y1) * height * scale}px`;
  }
}
