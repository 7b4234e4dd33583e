// Draws a lane for each person and the strip of minutes, on canvases.

import { lastAtMost } from "./sorted.js";

// Lanes and minutes of a film between the two instants of `view`, in seconds.
export function drawStrips(lanes, minutes, film, view) {
  const colours = { cast: colour("--cast"), unknown: colour("--unknown-fill"), minute: colour("--minute") };
  for (const lane of lanes) drawLane(lane, view, colours);
  drawMinutes(minutes, film, view, colours);
}

function colour(name) {
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

function drawLane(lane, view, colours) {
  const { context, width, height, ratio } = fit(lane.canvas);
  const [from, until] = view;
  const scale = width / (until - from);
  context.fillStyle = lane.person.kind === "cast" ? colours.cast : colours.unknown;
  const first = Math.max(0, lastAtMost(lane.start, from));
  for (let place = first; place < lane.start.length && lane.start[place] < until; place++) {
    const left = (lane.start[place] - from) * scale;
    const wide = Math.max(1.5 * ratio, (lane.end[place] - lane.start[place]) * scale - 0.5 * ratio);
    context.globalAlpha = lane.sure[place] < 0 ? 0.8 : 0.35 + 0.65 * (lane.sure[place] / 1000) ** 2;
    context.fillRect(left, 0, wide, height);
  }
  context.globalAlpha = 1;
}

function drawMinutes(canvas, film, view, colours) {
  const { context, width, height, ratio } = fit(canvas);
  const [from, until] = view;
  const scale = width / (until - from);
  const most = Math.max(60, ...Object.values(film.minutes).map((flat) => flat.reduce((s, v, i) => s + (i % 2 ? v : 0), 0)));
  for (const [minute, flat] of Object.entries(film.minutes)) {
    const start = minute * 60;
    const left = (start - from) * scale;
    const wide = (Math.min(60, film.duration - start)) * scale;
    if (left + wide < 0 || left > width) continue;
    let cast = 0;
    let unknown = 0;
    for (let i = 0; i < flat.length; i += 2) {
      if (film.people[flat[i]].kind === "cast") cast += flat[i + 1];
      else unknown += flat[i + 1];
    }
    const gap = wide > 4 * ratio ? ratio : 0;
    const tall = (cast / most) * height;
    const more = (unknown / most) * height;
    context.fillStyle = colours.minute;
    context.fillRect(left, height - tall, Math.max(1, wide - gap), tall);
    context.fillStyle = colours.unknown;
    context.fillRect(left, height - tall - more, Math.max(1, wide - gap), more);
  }
}
