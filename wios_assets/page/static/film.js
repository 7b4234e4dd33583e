// The page of a film: the picture, who is on screen now, the minutes, and a lane for each person.

import { button, chip, clock, element, lastAtMost, link, percent } from "./common.js";
import { followNames } from "./decisions.js";
import { listen as listenTo } from "./events.js";
import { evidence } from "./evidence.js";
import { displayName, isReadable, loadFilm, peopleAt } from "./film_data.js";
import { Lanes, likelyNames } from "./lanes.js";
import { loadCaptions, toggleCaptions, usePreviewIfNeeded } from "./playback.js";
import { hidePeople, namePeople, openPerson } from "./person_dialog.js";
import { Stage } from "./stage.js";
import { drawMinutes, stripColors } from "./strips.js";
import { Timeline } from "./timeline.js";
import { undoLast } from "./toast.js";

const root = document.getElementById("film");
const key = root.dataset.key;
const video = document.getElementById("video");
const seek = document.getElementById("seek");
const nowList = document.getElementById("now");
const nowTime = document.getElementById("now-time");
const nobody = document.getElementById("nobody");
const minutesCanvas = document.getElementById("minutes");
const filter = document.getElementById("filter");

const STEP_S = 5;
const PAN_SHARE = 0.25;

let data = null;
let time = 0;
let shownPeople = null;
let timeline = null;
let lanes = null;
let stage = null;
let colors = null;
let stripWidth = 0;

function showNow() {
  const text = clock(time);
  if (nowTime.textContent !== text) nowTime.textContent = text;
  const people = peopleAt(data, time);
  stage.show(time, people);
  const shown = people.map(({ lane, index }) => `${lane.person.name}#${index}`).join("|");
  nobody.hidden = people.length > 0;
  nobody.textContent = isReadable(data.film, time) ? "Nobody." : "Not readable here: the video is damaged.";
  if (shown === shownPeople) return;
  shownPeople = shown;
  lanes.mark(new Set(people.map(({ lane }) => lane)));
  nowList.replaceChildren(...people.map(({ lane, index }) => nowEntry(lane, index)));
}

// The entry of a person on screen; it is made once, so that pictures stay while one moves through the film.
function nowEntry(lane, index) {
  const { person } = lane;
  if (!lane.entry) {
    lane.entry = element("li", person.kind);
    lane.entry.dataset.actor = person.name;
    const words = element("div", "words");
    const name = element(person.page ? "a" : "span", "name", displayName(person));
    if (person.page) name.href = person.page;
    words.append(name);
    if (person.character) words.append(element("span", "character", person.character));
    if (person.perhaps && person.perhaps.length) words.append(likelyNames(person, person.perhaps.length));
    lane.facts = element("span", "facts");
    words.append(lane.facts);
    lane.entry.append(chip(key, person.face, 72), words);
    lane.words = words;
  }
  if (lane.shownIndex === index) return lane.entry;
  lane.shownIndex = index;
  lane.facts.replaceChildren();
  const thousandths = lane.probability[index];
  if (!lane.unknown && thousandths >= 0) lane.facts.append(element("span", "sure", percent(thousandths / 1000)), " · ");
  lane.facts.append(`${clock(lane.start[index])}–${clock(lane.end[index])}`);
  if (!lane.unknown) {
    const why = evidence(key, person.name, lane.start[index]);
    if (lane.why) lane.why.replaceWith(why);
    else lane.words.append(why);
    lane.why = why;
  }
  return lane.entry;
}

function goTo(instant) {
  time = Math.min(Math.max(0, instant), data.film.duration);
  if (video) video.currentTime = time;
  follow();
}

function follow() {
  timeline.follow(time);
  seek.value = String(time);
  seek.setAttribute("aria-valuetext", clock(time));
  showNow();
  movePlayhead();
}

function showRange() {
  const { start, end, whole } = timeline;
  seek.min = String(start);
  seek.max = String(end);
  seek.value = String(time);
  document.getElementById("range").textContent = whole ? "The whole film" : `${clock(start)} – ${clock(end)}`;
  document.getElementById("whole").disabled = whole;
  document.body.classList.toggle("zoomed", !whole);
  requestDraw();
}

let drawing = false;

// Draws before the next frame, once however often it is asked.
function requestDraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const strip = minutesCanvas.parentElement;
    stripWidth = strip.clientWidth;
    const height = Number.parseFloat(getComputedStyle(root).getPropertyValue("--strip"));
    drawMinutes(minutesCanvas, data.film, timeline, { width: stripWidth, height: strip.clientHeight }, colors);
    lanes.draw({ width: stripWidth, height });
    movePlayhead();
  });
}

const heads = [...document.querySelectorAll(".playhead")];

function movePlayhead() {
  const share = (time - timeline.start) / timeline.seconds;
  for (const head of heads) head.style.transform = `translateX(${(share * stripWidth).toFixed(1)}px)`;
}

function goToNextAppearance(lane) {
  const index = lastAtMost(lane.start, time + 0.05) + 1;
  goTo(lane.start[index < lane.start.length ? index : 0]);
}

function goToChange(direction) {
  const { changes } = data;
  const index = lastAtMost(changes, time + 0.05);
  const target = direction > 0 ? index + 1 : time - changes[index] > 1 ? index : index - 1;
  goTo(changes[Math.min(Math.max(0, target), changes.length - 1)]);
}

// The buttons beside a name.
function laneButtons(lane) {
  const name = displayName(lane.person);
  const edit = button("rename", "✎", () => openPerson(key, subjectOf(lane), changed));
  edit.title = "Rename, merge, split or hide (e)";
  edit.setAttribute("aria-label", `Faces of ${name}`);
  if (!lane.unknown) return [edit];
  const ask = button("rename", "Name…", () => rename([lane]));
  ask.setAttribute("aria-label", `Name ${name}`);
  return [ask, edit];
}

// A person as the dialogs take it.
function subjectOf(lane) {
  const { person } = lane;
  return {
    name: person.name,
    kind: person.kind,
    face: person.face === null ? null : link(`/chip/${person.face}/${key}`),
    facts: `first seen at ${clock(lane.start[0])}, ${lane.start.length} times`,
    likely: (person.perhaps || []).map(([name, thousandths]) => [name, percent(thousandths / 1000)]),
  };
}

async function rename(chosen) {
  const response = await namePeople(key, chosen.map(subjectOf), data.film.revision, changed);
  if (!response || !response.ok) return;
  const named = data.lanes.find((each) => each.person.name === response.value.person);
  if (named) named.who.focus();
}

function hide(chosen) {
  return hidePeople(key, chosen.map(subjectOf), data.film.revision, changed);
}

async function changed() {
  selectSeveral(false);
  await reload();
}

function selectSeveral(on) {
  document.getElementById("several").setAttribute("aria-pressed", String(on));
  lanes.selectSeveral(on);
}

// Shows how many people are selected, and what can be done with them.
function showSelected() {
  const count = lanes.selected().length;
  const bar = document.getElementById("selected");
  bar.hidden = !lanes.selecting;
  document.getElementById("selected-count").textContent = `${count} selected`;
  for (const own of bar.querySelectorAll("button")) own.disabled = count === 0;
}

// People of the cast who are never seen, as names with their characters.
function showUnseen() {
  const section = document.getElementById("unseen");
  section.hidden = data.film.unseen.length === 0;
  const heading = `Never seen: ${data.film.unseen.length} of the cast`;
  section.querySelector("summary").textContent = heading;
  section.querySelector("ul").replaceChildren(
    ...data.film.unseen.map(([name, character]) => {
      const item = element("li");
      item.append(element("span", "name", name));
      if (character) item.append(" ", element("span", "character", character));
      return item;
    }),
  );
}

function show(loaded) {
  data = loaded;
  colors = stripColors();
  shownPeople = null;
  stage.reset();
  lanes.show(data, colors);
  showUnseen();
}

// Loads the film's data again, after a decision.
async function reload() {
  const loaded = await loadFilm(root.dataset.source);
  if (!loaded) return;
  show(loaded);
  showNow();
  requestDraw();
}

function listen() {
  timeline.listen(document.getElementById("ruler"), true);
  timeline.listen(document.getElementById("lane-rows"), false);
  seek.addEventListener("input", () => goTo(Number(seek.value)));
  const zoom = (factor) => timeline.zoom(factor, time);
  for (const [id, act] of [
    ["next", () => goToChange(1)],
    ["before", () => goToChange(-1)],
    ["in", () => zoom(1 / 2)],
    ["out", () => zoom(2)],
    ["whole", () => timeline.showWhole()],
  ]) {
    document.getElementById(id).addEventListener("click", act);
  }
  const tools = document.getElementById("tools");
  tools.addEventListener("click", () => {
    const open = root.classList.toggle("with-tools");
    tools.setAttribute("aria-expanded", String(open));
    requestDraw();
  });
  document.getElementById("several").addEventListener("click", () => selectSeveral(!lanes.selecting));
  document.getElementById("selected-name").addEventListener("click", () => rename(lanes.selected()));
  document.getElementById("selected-hide").addEventListener("click", () => hide(lanes.selected()));
  const order = document.getElementById("order");
  order.addEventListener("change", () => lanes.sort(order.value));
  const found = document.getElementById("found");
  filter.addEventListener("input", () => {
    const count = lanes.filter(filter.value);
    found.textContent = filter.value.trim() ? `${count} of ${data.lanes.length}` : "";
  });
  document.addEventListener("keydown", onKey);
  new ResizeObserver(requestDraw).observe(minutesCanvas.parentElement);
  window.matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => {
    colors = lanes.colors = stripColors();
    requestDraw();
  });
  if (video) listenToVideo();
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("dialog")) return;
  if (event.target === filter && event.key === "Escape") {
    filter.value = "";
    filter.dispatchEvent(new Event("input"));
  }
  if (event.target.matches("input:not([type=range]), textarea, select")) return;
  const inRange = event.target === seek;
  const onButton = event.target.matches("button, a, summary");
  const arrows = !inRange && event.target !== video;
  const move = (direction) => (event.shiftKey ? timeline.pan(direction * PAN_SHARE) : goTo(time + direction * STEP_S));
  const action = {
    " ": !onButton && event.target !== video && (() => video && (video.paused ? video.play() : video.pause())),
    ArrowLeft: arrows && (() => move(-1)),
    ArrowRight: arrows && (() => move(1)),
    n: () => goToChange(1),
    b: () => goToChange(-1),
    "+": () => timeline.zoom(1 / 2, time),
    "-": () => timeline.zoom(2, time),
    0: () => timeline.showWhole(),
    "/": () => focusFilter(),
    f: () => stage.fullscreen(),
    o: () => stage.toggleNames(),
    r: () => withFocused(event.target, (lane) => rename([lane])),
    e: () => withFocused(event.target, (lane) => openPerson(key, subjectOf(lane), changed)),
    s: () => selectSeveral(!lanes.selecting),
    u: undoLast,
    c: toggleCaptions,
  }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function focusFilter() {
  if (!filter.offsetParent) document.getElementById("tools").click();
  filter.focus();
}

// Calls `act` with the lane that has the focus, if any.
function withFocused(target, act) {
  const lane = data.lanes.find((each) => each.item.contains(target));
  if (lane) act(lane);
}

function listenToVideo() {
  const update = () => {
    time = video.currentTime;
    follow();
  };
  let playing = false;
  const frame = () => {
    if (!playing) return;
    if (Math.abs(video.currentTime - time) > 0.04) update();
    requestAnimationFrame(frame);
  };
  // While the film plays, the list changes too often for screen readers.
  video.addEventListener("play", () => {
    nowList.setAttribute("aria-live", "off");
    playing = true;
    stage.clearFaces();
    frame();
  });
  video.addEventListener("pause", () => {
    nowList.setAttribute("aria-live", "polite");
    playing = false;
    update();
    stage.requestFaces();
  });
  for (const name of ["seeking", "seeked", "timeupdate"]) video.addEventListener(name, update);
  usePreviewIfNeeded(video, key, () => time);
}

// The instant in the page's address, `?t=` in seconds, mm:ss or hh:mm:ss.
function requestedTime() {
  const parts = (new URLSearchParams(location.search).get("t") || "0").split(":").map(Number);
  return parts.some(Number.isNaN) ? 0 : parts.reduce((sum, part) => sum * 60 + part, 0);
}

// The lane of the person in the page's address, `?who=`: a name, or unknown:<n>, an earlier number included.
function requestedLane() {
  const who = new URLSearchParams(location.search).get("who");
  const unknown = /^unknown:(\d+)$/.exec(who || "");
  const named = data.lanes.find(({ person }) => person.name === who);
  return named || (unknown && data.lanes.find(({ person }) => (person.numbers || []).includes(Number(unknown[1]))));
}

async function main() {
  const loaded = await loadFilm(root.dataset.source);
  if (!loaded) throw new Error(`${root.dataset.source} cannot be read`);
  timeline = new Timeline(loaded.film.duration, showRange, goTo);
  stage = new Stage(document.getElementById("stage"), video, key);
  lanes = new Lanes(document.getElementById("lanes"), key, timeline, {
    next: goToNextAppearance,
    buttons: laneButtons,
    selected: showSelected,
  });
  show(loaded);
  listen();
  showRange();
  if (video) loadCaptions(video);
  const lane = requestedLane();
  const start = requestedTime() || (lane ? lane.start[0] : 0);
  if (video && start && video.readyState < 1) {
    video.addEventListener("loadedmetadata", () => (video.currentTime = start), { once: true });
    time = Math.min(start, data.film.duration);
    follow();
  } else {
    goTo(start || (video ? video.currentTime : 0));
  }
  if (lane && lane.unknown) lanes.unfold();
  if (lane) lane.who.focus();
  // Decisions of others show here, too.
  let version = null;
  listenTo("decisions", (state) => {
    if (state.film !== decodeURIComponent(key) || state.version === version) return;
    version = state.version;
    reload();
  });
  const names = document.getElementById("names-state");
  if (["waiting", "running"].includes(names.dataset.state)) followNames(key, null, reload);
  root.dataset.ready = "yes";
}

main();
