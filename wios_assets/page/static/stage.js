// The picture of a film's page: full screen with the names over the video, and beside the faces while it is paused.

import { chip, element, link } from "./common.js";
import { displayName } from "./film_data.js";
import { placeLabels } from "./labels.js";

const SHOWN_KEY = "wios-names-over-picture";
const SETTLED_MS = 120;
const IDLE_MS = 3000;
// Height of the browser's own controls, which lie over the picture of a paused film.
const CONTROLS_PX = 56;

export class Stage {
  constructor(stage, video, key) {
    this.stage = stage;
    this.video = video;
    this.key = key;
    this.names = stage.querySelector(".over-names");
    this.faces = stage.querySelector(".over-faces");
    this.button = document.getElementById("full");
    this.toggle = document.getElementById("over");
    this.shown = stored() !== "no";
    this.seen = null;
    this.pending = null;
    this.button.addEventListener("click", () => this.fullscreen());
    this.toggle.addEventListener("click", () => this.toggleNames());
    document.addEventListener("fullscreenchange", () => this.onFullscreen());
    new ResizeObserver(() => this.place()).observe(stage);
    for (const name of ["pointermove", "pointerdown"]) stage.addEventListener(name, () => this.wake());
    document.addEventListener("keydown", () => this.wake());
    if (video) {
      for (const name of ["loadedmetadata", "resize"]) video.addEventListener(name, () => this.place());
      for (const name of ["play", "pause"]) video.addEventListener(name, () => this.wake());
    }
    this.showToggle();
  }

  toggleNames() {
    this.shown = !this.shown;
    store(this.shown ? "yes" : "no");
    this.showToggle();
    this.requestFaces();
  }

  showToggle() {
    this.toggle.setAttribute("aria-pressed", String(this.shown));
    this.stage.classList.toggle("without-names", !this.shown);
  }

  // The stage rather than the video becomes full screen, so that the names come along.
  async fullscreen() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (this.stage.requestFullscreen) await this.stage.requestFullscreen();
    else if (this.video && this.video.webkitEnterFullscreen) this.video.webkitEnterFullscreen();
  }

  async onFullscreen() {
    const own = document.fullscreenElement;
    if (own && own === this.video) {
      // The video's own button: browsers that ignore `controlslist` still have it.
      await document.exitFullscreen();
      await this.stage.requestFullscreen().catch(() => {});
      return;
    }
    this.button.textContent = own ? "Leave full screen" : "Full screen";
    this.place();
    this.wake();
  }

  // Shows names and buttons; in full screen they fade like the video's own controls once the film has played for some
  // seconds without a key or a movement of the pointer.
  wake() {
    clearTimeout(this.fading);
    this.stage.classList.remove("idle");
    if (!document.fullscreenElement || !this.video || this.video.paused) return;
    this.fading = setTimeout(() => this.stage.classList.add("idle"), IDLE_MS);
  }

  // Shows the people on screen at an instant, lanes with their appearances.
  show(instant, people) {
    const seen = people.map(({ lane }) => lane.person.name).join("|");
    if (seen !== this.seen) {
      this.seen = seen;
      this.names.replaceChildren(...people.map(({ lane }) => this.entry(lane)));
      this.hideBeside();
    }
    if (this.instant === instant) return;
    this.instant = instant;
    this.clearFaces();
    this.requestFaces();
  }

  entry(lane) {
    if (lane.over) return lane.over;
    const { person } = lane;
    lane.over = element("li", person.kind);
    lane.over.dataset.actor = person.name;
    const words = element("span", "words");
    words.append(element("span", "name", displayName(person)));
    if (person.character) words.append(element("span", "character", person.character));
    lane.over.append(chip(this.key, person.face, 44), words);
    return lane.over;
  }

  clearFaces() {
    if (this.faces.firstChild) this.showFaces([]);
  }

  // Puts names beside faces; those people are left out of the list over the picture.
  showFaces(faces) {
    this.faces.replaceChildren(...faces.map((face) => this.faceBox(face)));
    this.hideBeside();
  }

  hideBeside() {
    const beside = new Set([...this.faces.children].map((box) => box.face.actor));
    for (const entry of this.names.children) entry.hidden = beside.has(entry.dataset.actor);
  }

  // Forgets who is shown, after a decision; the next call of `show` asks anew.
  reset() {
    this.seen = null;
    this.instant = null;
  }

  // Asks for the faces of the frame, once the video has been paused there for a moment.
  requestFaces() {
    clearTimeout(this.pending);
    this.clearFaces();
    if (!this.video || !this.shown || !this.video.paused) return;
    const instant = this.instant;
    this.pending = setTimeout(async () => {
      const response = await fetch(link(`/faces/${this.key}?t=${instant.toFixed(3)}`)).catch(() => null);
      if (!response || !response.ok) return;
      const { faces } = await response.json();
      if (instant !== this.instant || !this.video.paused || !this.shown) return;
      this.showFaces(faces);
      this.place();
    }, SETTLED_MS);
  }

  faceBox(face) {
    const box = element("div", `face ${face.kind}`);
    box.face = face;
    box.append(element("span", "label", displayName({ name: face.actor, kind: face.kind })));
    return box;
  }

  // Puts the boxes where the picture is, which has margins where its shape is not the stage's.
  place() {
    if (!this.video || !this.video.videoWidth) return;
    const [across, down] = [this.video.clientWidth, this.video.clientHeight];
    const scale = Math.min(across / this.video.videoWidth, down / this.video.videoHeight);
    const [width, height] = [this.video.videoWidth * scale, this.video.videoHeight * scale];
    const [left, top] = [(across - width) / 2, (down - height) / 2];
    const boxes = [...this.faces.children];
    const faces = boxes.map(({ face }) => ({
      left: left + face.left * width,
      top: top + face.top * height,
      width: (face.right - face.left) * width,
      height: (face.bottom - face.top) * height,
    }));
    const labels = boxes.map((box) => ({ width: box.firstChild.offsetWidth, height: box.firstChild.offsetHeight }));
    const tools = this.button.parentElement;
    const taken = { left: tools.offsetLeft, top: tools.offsetTop, width: tools.offsetWidth, height: tools.offsetHeight };
    const bounds = { left: 0, top: 0, width: across, height: down - CONTROLS_PX };
    placeLabels(faces, labels, bounds, [taken]).forEach((spot, index) => {
      put(boxes[index], faces[index]);
      boxes[index].firstChild.style.left = `${spot.left - faces[index].left}px`;
      boxes[index].firstChild.style.top = `${spot.top - faces[index].top}px`;
    });
  }
}

function put(box, rectangle) {
  for (const edge of ["left", "top", "width", "height"]) box.style[edge] = `${rectangle[edge]}px`;
}

function stored() {
  try {
    return localStorage.getItem(SHOWN_KEY);
  } catch {
    return null;
  }
}

function store(value) {
  try {
    localStorage.setItem(SHOWN_KEY, value);
  } catch {
    // Without storage, the choice holds until the page is left.
  }
}
