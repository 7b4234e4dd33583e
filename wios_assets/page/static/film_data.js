// The data of a film's page: people, their appearances, and who is on screen at an instant.

import { lastAtMost } from "./common.js";

const TOLERANCE_S = 0.001;

// Fetches a film's data: `film` as the page answers it, `lanes` with one entry a person, and the instants at which
// anybody enters or leaves. Null where the page does not answer.
export async function loadFilm(source) {
  const response = await fetch(source);
  return response.ok ? unpack(await response.json()) : null;
}

function unpack(film) {
  const lanes = film.people.map((person) => {
    let milliseconds = 0;
    const start = person.start.map((step) => (milliseconds += step) / 1000);
    const end = start.map((seconds, index) => seconds + person.length[index] / 1000);
    return { person, start, end, probability: person.sure, unknown: person.kind === "unknown" };
  });
  const instants = new Set([0]);
  for (const lane of lanes) {
    for (const start of lane.start) instants.add(start);
    for (const end of lane.end) instants.add(Math.min(end, film.duration));
  }
  return { film, lanes, changes: [...instants].sort((a, b) => a - b) };
}

// Index of a lane's appearance at an instant, -1 where there is none.
function appearanceAt(lane, instant) {
  const index = lastAtMost(lane.start, instant + TOLERANCE_S);
  return index >= 0 && instant + TOLERANCE_S < lane.end[index] ? index : -1;
}

// The lanes of the people on screen at an instant with the index of the appearance: cast first, then by probability.
export function peopleAt({ film, lanes }, instant) {
  const inside = Math.min(instant, film.duration - 2 * TOLERANCE_S);
  const people = [];
  for (const lane of lanes) {
    const index = appearanceAt(lane, inside);
    if (index >= 0) people.push({ lane, index });
  }
  return people.sort((a, b) => a.lane.unknown - b.lane.unknown || b.lane.probability[b.index] - a.lane.probability[a.index]);
}

export function isReadable(film, instant) {
  return !film.unreadable.some(([start, end]) => start <= instant && instant < end);
}

// The unknown person that several people of a film become: the one with the lowest number among them.
export function lowestUnknown(names) {
  const numbers = names.filter((name) => /^unknown:\d+$/.test(name)).map((name) => Number(name.slice(8)));
  return `unknown:${Math.min(...numbers)}`;
}

export function displayName(person) {
  const unknown = /^unknown:(\d+)$/.exec(person.name);
  return person.kind === "unknown" && unknown ? `Unknown ${unknown[1]}` : person.name;
}
