// Draws a lane for each person, and the minutes with the time axis, on canvases.

import { clock, lastAtMost } from "./common.js";

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const LABEL_PX = 84;
const AXIS_PX = 18;

export function stripColors() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  return {
    cast: color("--cast"),
    unknown: color("--unknown-fill"),
    minute: color("--minute"),
    line: color("--line"),
    label: color("--quiet"),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
  };
}

// The instants of the axis' ticks for a strip of `width` pixels, at round steps.
function ticks(timeline, width) {
  const most = Math.max(1, Math.floor(width / LABEL_PX));
  const step = STEPS_S.find((each) => timeline.seconds / each <= most) || STEPS_S[STEPS_S.length - 1];
  const instants = [];
  for (let at = Math.ceil(timeline.start / step) * step; at <= timeline.end; at += step) instants.push(at);
  return instants;
}

// A canvas of this size in CSS pixels, cleared, with its context.
function prepared(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

// Draws appearances, given as `spans` with start, end and probability, within the visible stretch.
export function drawLane(canvas, spans, timeline, size, color, colors) {
  const context = prepared(canvas, size.width, size.height);
  const scale = size.width / timeline.seconds;
  context.fillStyle = colors.line;
  for (const at of ticks(timeline, size.width)) context.fillRect((at - timeline.start) * scale, 0, 1, size.height);
  context.fillStyle = color;
  const first = Math.max(0, lastAtMost(spans.start, timeline.start));
  for (let index = first; index < spans.start.length && spans.start[index] < timeline.end; index++) {
    const left = (spans.start[index] - timeline.start) * scale;
    const width = Math.max(1.5, (spans.end[index] - spans.start[index]) * scale - 0.5);
    const probability = spans.probability[index];
    context.globalAlpha = probability < 0 ? 0.8 : 0.35 + 0.65 * (probability / 1000) ** 2;
    context.fillRect(left, 3, width, size.height - 6);
  }
  context.globalAlpha = 1;
}

// Draws the axis with its times, and below it how many people are on screen in each minute: cast, then unknown.
export function drawMinutes(canvas, film, timeline, size, colors) {
  const context = prepared(canvas, size.width, size.height);
  const scale = size.width / timeline.seconds;
  const height = size.height - AXIS_PX;
  const sums = minuteSums(film);
  for (const { start, cast, unknown } of sums.minutes) {
    const left = (start - timeline.start) * scale;
    const width = Math.min(60, film.duration - start) * scale;
    if (left + width < 0 || left > size.width) continue;
    const castHeight = (cast / sums.most) * height;
    const unknownHeight = (unknown / sums.most) * height;
    const bar = Math.max(1, width - (width > 4 ? 1 : 0));
    context.fillStyle = colors.minute;
    context.fillRect(left, size.height - castHeight, bar, castHeight);
    context.fillStyle = colors.unknown;
    context.fillRect(left, size.height - castHeight - unknownHeight, bar, unknownHeight);
  }
  context.font = colors.font;
  context.textBaseline = "top";
  for (const at of ticks(timeline, size.width)) {
    const left = (at - timeline.start) * scale;
    context.fillStyle = colors.line;
    context.fillRect(left, AXIS_PX - 4, 1, size.height);
    context.fillStyle = colors.label;
    const text = clock(at);
    const width = context.measureText(text).width;
    context.fillText(text, Math.min(Math.max(0, left - width / 2), size.width - width), 0);
  }
}

const summed = new WeakMap();

function minuteSums(film) {
  if (!summed.has(film)) {
    const minutes = Object.entries(film.minutes).map(([minute, flat]) => {
      const sums = { start: minute * 60, cast: 0, unknown: 0 };
      for (let i = 0; i < flat.length; i += 2) sums[film.people[flat[i]].kind === "cast" ? "cast" : "unknown"] += flat[i + 1];
      return sums;
    });
    summed.set(film, { minutes, most: Math.max(60, ...minutes.map(({ cast, unknown }) => cast + unknown)) });
  }
  return summed.get(film);
}

// The stretches in which anybody of several lanes is on screen, as one lane's appearances.
export function union(lanes) {
  const pairs = lanes.flatMap((lane) => lane.start.map((start, index) => [start, lane.end[index]]));
  pairs.sort((a, b) => a[0] - b[0]);
  const spans = { start: [], end: [], probability: [] };
  for (const [start, end] of pairs) {
    const last = spans.end.length - 1;
    if (last >= 0 && start <= spans.end[last]) spans.end[last] = Math.max(spans.end[last], end);
    else {
      spans.start.push(start);
      spans.end.push(end);
      spans.probability.push(-1);
    }
  }
  return spans;
}
