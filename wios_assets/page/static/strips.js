// Draws a lane for each person and the strip of minutes, on canvases.

import { lastAtMost } from "./common.js";

// Draws lanes and minutes of a film within `range`, start and end in seconds.
export function drawStrips(lanes, minutes, film, range) {
  const colors = { cast: color("--cast"), unknown: color("--unknown-fill"), minute: color("--minute") };
  for (const lane of lanes) drawLane(lane, range, colors);
  drawMinutes(minutes, film, range, colors);
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  return { context, width, height, ratio };
}

function drawLane(lane, range, colors) {
  const { context, width, height, ratio } = fit(lane.canvas);
  const [start, end] = range;
  const scale = width / (end - start);
  context.fillStyle = lane.person.kind === "cast" ? colors.cast : colors.unknown;
  const first = Math.max(0, lastAtMost(lane.start, start));
  for (let index = first; index < lane.start.length && lane.start[index] < end; index++) {
    const left = (lane.start[index] - start) * scale;
    const barWidth = Math.max(1.5 * ratio, (lane.end[index] - lane.start[index]) * scale - 0.5 * ratio);
    context.globalAlpha = lane.probability[index] < 0 ? 0.8 : 0.35 + 0.65 * (lane.probability[index] / 1000) ** 2;
    context.fillRect(left, 0, barWidth, height);
  }
  context.globalAlpha = 1;
}

function drawMinutes(canvas, film, range, colors) {
  const { context, width, height, ratio } = fit(canvas);
  const [start, end] = range;
  const scale = width / (end - start);
  const most = Math.max(60, ...Object.values(film.minutes).map((flat) => flat.reduce((s, v, i) => s + (i % 2 ? v : 0), 0)));
  for (const [minute, flat] of Object.entries(film.minutes)) {
    const minuteStart = minute * 60;
    const left = (minuteStart - start) * scale;
    const barWidth = (Math.min(60, film.duration - minuteStart)) * scale;
    if (left + barWidth < 0 || left > width) continue;
    let cast = 0;
    let unknown = 0;
    for (let i = 0; i < flat.length; i += 2) {
      if (film.people[flat[i]].kind === "cast") cast += flat[i + 1];
      else unknown += flat[i + 1];
    }
    const gap = barWidth > 4 * ratio ? ratio : 0;
    const castHeight = (cast / most) * height;
    const unknownHeight = (unknown / most) * height;
    context.fillStyle = colors.minute;
    context.fillRect(left, height - castHeight, Math.max(1, barWidth - gap), castHeight);
    context.fillStyle = colors.unknown;
    context.fillRect(left, height - castHeight - unknownHeight, Math.max(1, barWidth - gap), unknownHeight);
  }
}
