// The page of a film: who is on screen now, a lane for each person, the minutes.

import { element, lastAtMost, link, percent } from "./common.js";
import { askWho, followNames, send } from "./decisions.js";
import { evidence } from "./evidence.js";
import { loadCaptions, toggleCaptions, usePreviewIfNeeded } from "./playback.js";
import { drawStrips } from "./strips.js";

const root = document.getElementById("film");
const video = document.getElementById("video");
const seek = document.getElementById("seek");
const nowList = document.getElementById("now");
const nowTime = document.getElementById("now-time");
const nobody = document.getElementById("nobody");
const laneList = document.getElementById("lanes");
const minutesCanvas = document.getElementById("minutes");

const STEP_S = 5;
const MIN_RANGE_S = 20;
const TOLERANCE_S = 0.001;

let film = null;
let lanes = [];
let changes = [];
let time = 0;
let range = [0, 1];
let shownPeople = null;

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + TOLERANCE_S));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function chip(face, size) {
  if (face === null || face < 0) return element("span", "no-chip");
  const picture = element("img");
  picture.src = link(`/chip/${face}/${root.dataset.key}`);
  picture.alt = "";
  picture.width = picture.height = size;
  picture.loading = "lazy";
  picture.addEventListener("error", () => picture.replaceWith(element("span", "no-chip")), { once: true });
  return picture;
}

function displayName(person) {
  const unknown = /^unknown:(\d+)$/.exec(person.name);
  return person.kind === "unknown" && unknown ? `Unknown ${unknown[1]}` : person.name;
}

// The `most` likeliest names of an unknown person, "perhaps Al Pacino 70 %; Robert Duvall 20 %".
function likelyNames(person, most) {
  const names = person.perhaps.slice(0, most).map(([name, thousandths]) => `${name} ${percent(thousandths)}`);
  return element("span", "perhaps", `perhaps ${names.join("; ")}`);
}

function unpack(data) {
  lanes = data.people.map((person) => {
    let milliseconds = 0;
    const start = person.start.map((step) => (milliseconds += step) / 1000);
    const end = start.map((seconds, index) => seconds + person.length[index] / 1000);
    return { person, start, end, probability: person.sure, faces: person.faces };
  });
  const instants = new Set([0]);
  for (const lane of lanes) {
    for (const start of lane.start) instants.add(start);
    for (const end of lane.end) instants.add(Math.min(end, data.duration));
  }
  changes = [...instants].sort((a, b) => a - b);
}

// Index of a lane's appearance at an instant, -1 where there is none.
function appearanceAt(lane, instant) {
  const index = lastAtMost(lane.start, instant + TOLERANCE_S);
  return index >= 0 && instant + TOLERANCE_S < lane.end[index] ? index : -1;
}

function peopleAt(instant) {
  const inside = Math.min(instant, film.duration - 2 * TOLERANCE_S);
  const people = [];
  for (const lane of lanes) {
    const index = appearanceAt(lane, inside);
    if (index >= 0) people.push({ lane, index });
  }
  const unknown = (each) => each.lane.person.kind === "unknown";
  return people.sort((a, b) => unknown(a) - unknown(b) || b.lane.probability[b.index] - a.lane.probability[a.index]);
}

function isReadable(instant) {
  return !film.unreadable.some(([start, end]) => start <= instant && instant < end);
}

function showNow() {
  nowTime.textContent = clock(time);
  const people = peopleAt(time);
  const key = people.map(({ lane, index }) => `${lane.person.name}#${index}`).join("|");
  nobody.hidden = people.length > 0;
  nobody.textContent = isReadable(time) ? "Nobody." : "Not readable here: the video is damaged.";
  for (const lane of lanes) lane.item.classList.remove("on");
  for (const { lane } of people) lane.item.classList.add("on");
  if (key === shownPeople) return;
  shownPeople = key;
  nowList.replaceChildren(
    ...people.map(({ lane, index }) => {
      const { person } = lane;
      const item = element("li", person.kind);
      item.dataset.actor = person.name;
      item.append(chip(lane.faces[index] >= 0 ? lane.faces[index] : person.face, 72));
      const words = element("div", "words");
      const name = element(person.page ? "a" : "span", "name", displayName(person));
      if (person.page) name.href = person.page;
      words.append(name);
      if (person.character) words.append(element("span", "character", person.character));
      if (person.perhaps && person.perhaps.length) words.append(likelyNames(person, person.perhaps.length));
      const facts = element("span", "facts");
      if (person.kind === "cast") facts.append(element("span", "sure", percent(lane.probability[index])), " · ");
      facts.append(`${clock(lane.start[index])}–${clock(lane.end[index])}`);
      words.append(facts);
      if (person.kind === "cast") words.append(evidence(root.dataset.key, person.name, lane.start[index]));
      item.append(words);
      return item;
    }),
  );
}

function goTo(instant) {
  time = Math.min(Math.max(0, instant), film.duration);
  if (video) video.currentTime = time;
  follow();
}

function follow() {
  const [start, end] = range;
  if (time < start || time > end) showRange(time - (end - start) / 2, end - start);
  seek.value = String(time);
  seek.setAttribute("aria-valuetext", clock(time));
  showNow();
  movePlayhead();
}

// Shows `seconds` seconds of the timeline from `from` on.
function showRange(from, seconds) {
  const length = Math.min(film.duration, Math.max(Math.min(MIN_RANGE_S, film.duration), seconds));
  const start = Math.min(Math.max(0, from), film.duration - length);
  range = [start, start + length];
  seek.min = String(start);
  seek.max = String(start + length);
  seek.value = String(time);
  const whole = length >= film.duration;
  document.getElementById("timeline-title").textContent = whole
    ? "The whole film"
    : `${clock(start)} to ${clock(start + length)}`;
  draw();
}

function zoom(factor) {
  const seconds = (range[1] - range[0]) * factor;
  showRange(time - seconds / 2, seconds);
}

function draw() {
  drawStrips(lanes, minutesCanvas, film, range);
  movePlayhead();
}

function movePlayhead() {
  const [start, end] = range;
  const share = (time - start) / (end - start);
  root.style.setProperty("--head", `${(share * 100).toFixed(3)}%`);
}

function goToNextAppearance(lane) {
  const index = lastAtMost(lane.start, time + 0.05) + 1;
  goTo(lane.start[index < lane.start.length ? index : 0]);
}

function goToChange(direction) {
  const index = lastAtMost(changes, time + 0.05);
  const target = direction > 0 ? index + 1 : time - changes[index] > 1 ? index : index - 1;
  goTo(changes[Math.min(Math.max(0, target), changes.length - 1)]);
}

function buildLanes() {
  const longest = Math.max(1, ...lanes.map((lane) => lane.person.seconds));
  laneList.replaceChildren(
    ...lanes.map((lane, number) => {
      const { person } = lane;
      lane.item = element("li", `row lane ${person.kind}`);
      const who = element("button", "who");
      who.type = "button";
      who.tabIndex = number ? -1 : 0;
      const names = element("span", "names");
      names.append(element("span", "name", displayName(person)));
      if (person.character) names.append(element("span", "character", person.character));
      if (person.perhaps && person.perhaps.length) names.append(likelyNames(person, 1));
      who.append(chip(person.face, 34), names);
      who.title = "Go to the next appearance";
      who.addEventListener("click", () => goToNextAppearance(lane));
      const strip = element("span", "strip");
      lane.canvas = element("canvas");
      lane.canvas.setAttribute("aria-hidden", "true");
      strip.append(lane.canvas);
      const sum = element("span", "sum");
      const bar = element("span", "time-bar");
      const fill = element("span");
      fill.style.width = `${(100 * person.seconds) / longest}%`;
      bar.append(fill);
      const share = person.share >= 0.01 ? `${Math.round(person.share * 100)} %` : "< 1 %";
      sum.append(element("span", "clock", clock(Math.max(1, Math.round(person.seconds)))), bar, element("span", "share", share));
      const first = element("span", "who-cell");
      first.append(who);
      if (person.kind === "unknown") {
        const name = element("button", "rename", "Name…");
        name.type = "button";
        name.setAttribute("aria-label", `Name ${displayName(person)}`);
        name.addEventListener("click", () => nameUnknown(lane));
        first.append(name);
      }
      lane.item.append(first, strip, sum);
      listenToStrip(strip);
      return lane.item;
    }),
  );
}

function instantAt(event, strip) {
  const box = strip.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  return range[0] + share * (range[1] - range[0]);
}

function listenToStrip(strip) {
  strip.addEventListener("click", (event) => goTo(instantAt(event, strip)));
  strip.addEventListener("pointermove", (event) => (strip.title = clock(instantAt(event, strip))));
}

// Asks who an unknown person is, sends the decision, and shows it in the lanes.
async function nameUnknown(lane) {
  const { person } = lane;
  const who = await askWho("cast", person.perhaps.map(([name, thousandths]) => [name, percent(thousandths)]));
  if (!who) return;
  const path = link(`/api/films/${root.dataset.key}/reviews`);
  const decision = { ...who, verdict: "is", everywhere: true, tracks: person.tracks, revision: film.revision };
  let response;
  try {
    response = await send(path, decision);
  } catch {
    response = { ok: false, value: { reason: "the page does not respond; nothing was decided" } };
  }
  const text = document.getElementById("decision-text");
  text.textContent = response.ok ? `${displayName(person)}: ${response.value.said}.` : response.value.reason;
  const undo = document.getElementById("decision-undo");
  undo.hidden = !response.ok;
  undo.onclick = async () => {
    const undone = await send(`${path}/${encodeURIComponent(response.value.id)}/undo`, {});
    text.textContent = undone.ok ? `${undone.value.said}.` : undone.value.reason;
    undo.hidden = true;
    await reload();
    followNames(root.dataset.key, reload);
  };
  document.getElementById("decision").hidden = false;
  await reload();
  if (response.ok) followNames(root.dataset.key, reload);
  const named = lanes.find((each) => each.person.name === response.value.person);
  if (named) named.item.querySelector("button.who").focus();
}

// Loads the film's data again, after a decision.
async function reload() {
  const response = await fetch(root.dataset.source);
  if (!response.ok) return;
  film = await response.json();
  unpack(film);
  buildLanes();
  shownPeople = null;
  showNow();
  draw();
}

function listen() {
  listenToStrip(minutesCanvas.parentElement);
  seek.addEventListener("input", () => goTo(Number(seek.value)));
  document.getElementById("next").addEventListener("click", () => goToChange(1));
  document.getElementById("before").addEventListener("click", () => goToChange(-1));
  document.getElementById("in").addEventListener("click", () => zoom(1 / 2));
  document.getElementById("out").addEventListener("click", () => zoom(2));
  laneList.addEventListener("keydown", (event) => {
    const names = [...laneList.querySelectorAll("button.who")];
    const current = names.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -names.length, End: names.length }[event.key];
    if (current < 0 || step === undefined) return;
    event.preventDefault();
    const target = names[Math.min(Math.max(0, current + step), names.length - 1)];
    names[current].tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  });
  document.addEventListener("keydown", onKey);
  new ResizeObserver(draw).observe(laneList);
  window.matchMedia("(prefers-color-scheme: light)").addEventListener("change", draw);
  if (video) listenToVideo();
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("dialog") || event.target.matches("input:not([type=range]), textarea, select")) return;
  const inRange = event.target === seek;
  const onButton = event.target.matches("button, a, summary");
  const action = {
    " ": !onButton && event.target !== video && (() => video && (video.paused ? video.play() : video.pause())),
    ArrowLeft: !inRange && event.target !== video && (() => goTo(time - STEP_S)),
    ArrowRight: !inRange && event.target !== video && (() => goTo(time + STEP_S)),
    n: () => goToChange(1),
    b: () => goToChange(-1),
    "+": () => zoom(1 / 2),
    "-": () => zoom(2),
    r: () => nameFocused(event.target),
    c: toggleCaptions,
  }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function nameFocused(target) {
  const lane = lanes.find((each) => each.item.contains(target));
  if (lane && lane.person.kind === "unknown") nameUnknown(lane);
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
    frame();
  });
  video.addEventListener("pause", () => {
    nowList.setAttribute("aria-live", "polite");
    playing = false;
    update();
  });
  for (const name of ["seeking", "seeked", "timeupdate"]) video.addEventListener(name, update);
  usePreviewIfNeeded(video, root.dataset.key, () => time);
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
  const named = lanes.find(({ person }) => person.name === who);
  return named || (unknown && lanes.find(({ person }) => (person.numbers || []).includes(Number(unknown[1]))));
}

async function main() {
  const response = await fetch(root.dataset.source);
  if (!response.ok) throw new Error(`${root.dataset.source}: ${response.status}`);
  film = await response.json();
  unpack(film);
  buildLanes();
  range = [0, film.duration];
  listen();
  if (video) loadCaptions(video);
  const lane = requestedLane();
  const start = requestedTime() || (lane ? lane.start[0] : 0);
  if (video && start && video.readyState < 1) {
    video.addEventListener("loadedmetadata", () => (video.currentTime = start), { once: true });
    time = Math.min(start, film.duration);
    follow();
  } else {
    goTo(start || (video ? video.currentTime : 0));
  }
  draw();
  if (lane) lane.item.querySelector("button.who").focus();
  const names = document.getElementById("names-state");
  if (["waiting", "running"].includes(names.dataset.state)) followNames(root.dataset.key, reload);
  root.dataset.ready = "yes";
}

main();
