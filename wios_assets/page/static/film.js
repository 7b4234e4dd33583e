// A film's page: who is on screen now, a lane for each person, the minutes.

import { askWho, send, watchNames } from "./decide.js";
import { element } from "./element.js";
import { keepPlayable, readTrack, turnCaptions } from "./playback.js";
import { lastAtMost } from "./sorted.js";
import { drawStrips } from "./strips.js";
import { why } from "./why.js";

const root = document.getElementById("film");
const video = document.getElementById("video");
const seek = document.getElementById("seek");
const nowList = document.getElementById("now");
const nowTime = document.getElementById("now-time");
const nobody = document.getElementById("nobody");
const laneList = document.getElementById("lanes");
const minutesCanvas = document.getElementById("minutes");

const STEP_S = 5;
const CLOSEST_S = 20;
const FLUSH_S = 0.001;

let film = null;
let lanes = [];
let turns = [];
let time = 0;
let view = [0, 1];
let shown = null;

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + FLUSH_S));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function chip(face, size) {
  if (face === null || face < 0) return element("span", "no-chip");
  const picture = element("img");
  picture.src = `/chip/${face}/${root.dataset.key}`;
  picture.alt = "";
  picture.width = picture.height = size;
  picture.loading = "lazy";
  picture.addEventListener("error", () => picture.replaceWith(element("span", "no-chip")), { once: true });
  return picture;
}

function title(person) {
  const unknown = /^unknown:(\d+)$/.exec(person.name);
  return person.kind === "unknown" && unknown ? `Unknown ${unknown[1]}` : person.name;
}

function percent(thousandths) {
  if (thousandths < 0) return "";
  return thousandths >= 995 ? "> 99 %" : `${Math.round(thousandths / 10)} %`;
}

function unpack(data) {
  lanes = data.people.map((person) => {
    let at = 0;
    const start = person.start.map((step) => (at += step) / 1000);
    const end = start.map((from, place) => from + person.length[place] / 1000);
    return { person, start, end, sure: person.sure, faces: person.faces };
  });
  const all = new Set([0]);
  for (const lane of lanes) {
    for (const from of lane.start) all.add(from);
    for (const until of lane.end) all.add(Math.min(until, data.duration));
  }
  turns = [...all].sort((a, b) => a - b);
}

// The appearance of a lane that holds the instant, -1 where none does.
function holding(lane, instant) {
  const place = lastAtMost(lane.start, instant + FLUSH_S);
  return place >= 0 && instant + FLUSH_S < lane.end[place] ? place : -1;
}

function peopleAt(instant) {
  const inside = Math.min(instant, film.duration - 2 * FLUSH_S);
  const people = [];
  for (const lane of lanes) {
    const place = holding(lane, inside);
    if (place >= 0) people.push({ lane, place });
  }
  const unknown = (each) => each.lane.person.kind === "unknown";
  return people.sort((a, b) => unknown(a) - unknown(b) || b.lane.sure[b.place] - a.lane.sure[a.place]);
}

function showNow() {
  nowTime.textContent = clock(time);
  const people = peopleAt(time);
  const key = people.map(({ lane, place }) => `${lane.person.name}#${place}`).join("|");
  for (const lane of lanes) lane.item.classList.remove("on");
  for (const { lane } of people) lane.item.classList.add("on");
  if (key === shown) return;
  shown = key;
  nobody.hidden = people.length > 0;
  nowList.replaceChildren(
    ...people.map(({ lane, place }) => {
      const { person } = lane;
      const item = element("li", person.kind);
      item.dataset.actor = person.name;
      item.append(chip(lane.faces[place] >= 0 ? lane.faces[place] : person.face, 72));
      const words = element("div", "words");
      const name = element(person.page ? "a" : "span", "name", title(person));
      if (person.page) name.href = person.page;
      words.append(name);
      if (person.character) words.append(element("span", "character", person.character));
      const facts = element("span", "facts");
      if (person.kind === "cast") facts.append(element("span", "sure", percent(lane.sure[place])), " · ");
      facts.append(`${clock(lane.start[place])}–${clock(lane.end[place])}`);
      words.append(facts);
      if (person.kind === "cast") words.append(why(root.dataset.key, person.name, lane.start[place]));
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
  const [from, until] = view;
  if (time < from || time > until) look(time - (until - from) / 2, until - from);
  seek.value = String(time);
  seek.setAttribute("aria-valuetext", clock(time));
  showNow();
  placeHeads();
}

// Show `span` seconds of the film from `from` on.
function look(from, span) {
  const length = Math.min(film.duration, Math.max(Math.min(CLOSEST_S, film.duration), span));
  const start = Math.min(Math.max(0, from), film.duration - length);
  view = [start, start + length];
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
  const span = (view[1] - view[0]) * factor;
  look(time - span / 2, span);
}

function draw() {
  drawStrips(lanes, minutesCanvas, film, view);
  placeHeads();
}

function placeHeads() {
  const [from, until] = view;
  const share = (time - from) / (until - from);
  root.style.setProperty("--head", `${(share * 100).toFixed(3)}%`);
}

function nextOf(lane) {
  const place = lastAtMost(lane.start, time + 0.05) + 1;
  goTo(lane.start[place < lane.start.length ? place : 0]);
}

function turn(direction) {
  const place = lastAtMost(turns, time + 0.05);
  const wanted = direction > 0 ? place + 1 : time - turns[place] > 1 ? place : place - 1;
  goTo(turns[Math.min(Math.max(0, wanted), turns.length - 1)]);
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
      names.append(element("span", "name", title(person)));
      if (person.character) names.append(element("span", "character", person.character));
      who.append(chip(person.face, 34), names);
      who.title = "To the next appearance";
      who.addEventListener("click", () => nextOf(lane));
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
        name.setAttribute("aria-label", `Say who ${title(person)} is`);
        name.addEventListener("click", () => rename(lane));
        first.append(name);
      }
      lane.item.append(first, strip, sum);
      listenToStrip(strip);
      return lane.item;
    }),
  );
}

function pointed(event, strip) {
  const box = strip.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  return view[0] + share * (view[1] - view[0]);
}

function listenToStrip(strip) {
  strip.addEventListener("click", (event) => goTo(pointed(event, strip)));
  strip.addEventListener("pointermove", (event) => (strip.title = clock(pointed(event, strip))));
}

// Says who an unknown person is; the lanes follow at once.
async function rename(lane) {
  const { person } = lane;
  const who = await askWho("cast");
  if (!who) return;
  const decided = document.getElementById("decided");
  const made = { ...who, verdict: "is", everywhere: true, tracks: person.tracks, revision: film.revision };
  let answer;
  try {
    answer = await send(`/api/films/${root.dataset.key}/reviews`, made);
  } catch {
    answer = { ok: false, value: { reason: "the page does not answer; nothing was decided" } };
  }
  document.getElementById("decided-said").textContent = answer.ok ? `${title(person)}: ${answer.value.said}.` : answer.value.reason;
  const undo = document.getElementById("decided-undo");
  undo.hidden = !answer.ok;
  undo.onclick = async () => {
    const taken = await send(`/api/films/${root.dataset.key}/reviews/${encodeURIComponent(answer.value.id)}/undo`, {});
    document.getElementById("decided-said").textContent = taken.ok ? `${taken.value.said}.` : taken.value.reason;
    undo.hidden = true;
    await reload();
    watchNames(root.dataset.key, reload);
  };
  decided.hidden = false;
  await reload();
  if (answer.ok) watchNames(root.dataset.key, reload);
  const named = lanes.find((each) => each.person.name === answer.value.person);
  if (named) named.item.querySelector("button.who").focus();
}

// Reads the film anew, after something was decided.
async function reload() {
  const answer = await fetch(root.dataset.source);
  if (!answer.ok) return;
  film = await answer.json();
  unpack(film);
  buildLanes();
  shown = null;
  showNow();
  draw();
}

function listen() {
  listenToStrip(minutesCanvas.parentElement);
  seek.addEventListener("input", () => goTo(Number(seek.value)));
  document.getElementById("next").addEventListener("click", () => turn(1));
  document.getElementById("before").addEventListener("click", () => turn(-1));
  document.getElementById("in").addEventListener("click", () => zoom(1 / 2));
  document.getElementById("out").addEventListener("click", () => zoom(2));
  laneList.addEventListener("keydown", (event) => {
    const names = [...laneList.querySelectorAll("button.who")];
    const here = names.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -names.length, End: names.length }[event.key];
    if (here < 0 || step === undefined) return;
    event.preventDefault();
    const there = names[Math.min(Math.max(0, here + step), names.length - 1)];
    names[here].tabIndex = -1;
    there.tabIndex = 0;
    there.focus();
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
  const act = {
    " ": !onButton && event.target !== video && (() => video && (video.paused ? video.play() : video.pause())),
    ArrowLeft: !inRange && event.target !== video && (() => goTo(time - STEP_S)),
    ArrowRight: !inRange && event.target !== video && (() => goTo(time + STEP_S)),
    n: () => turn(1),
    b: () => turn(-1),
    "+": () => zoom(1 / 2),
    "-": () => zoom(2),
    r: () => renameFocused(event.target),
    c: turnCaptions,
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function renameFocused(target) {
  const lane = lanes.find((each) => each.item.contains(target));
  if (lane && lane.person.kind === "unknown") rename(lane);
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
  // While the film plays the list changes too often to be read out.
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
  keepPlayable(video, root.dataset.key, () => time);
}

function asked() {
  const parts = (new URLSearchParams(location.search).get("t") || "0").split(":").map(Number);
  return parts.some(Number.isNaN) ? 0 : parts.reduce((sum, part) => sum * 60 + part, 0);
}

async function begin() {
  const answer = await fetch(root.dataset.source);
  if (!answer.ok) throw new Error(`${root.dataset.source}: ${answer.status}`);
  film = await answer.json();
  unpack(film);
  buildLanes();
  view = [0, film.duration];
  listen();
  if (video) readTrack(video);
  const start = asked();
  if (video && start && video.readyState < 1) {
    video.addEventListener("loadedmetadata", () => (video.currentTime = start), { once: true });
    time = Math.min(start, film.duration);
    follow();
  } else {
    goTo(start || (video ? video.currentTime : 0));
  }
  draw();
  const names = document.getElementById("names-state");
  if (["waiting", "running"].includes(names.dataset.state)) watchNames(root.dataset.key, reload);
  root.dataset.ready = "yes";
}

begin();
