// The dialog of a person of a film: rename or merge, hide, split faces off, and choose the picture.

import { clock, element, link, percent } from "./common.js";
import { decide } from "./decisions.js";
import { displayName, lowestUnknown } from "./film_data.js";
import { askWho } from "./who_dialog.js";

const dialog = document.getElementById("person-dialog");
const faces = dialog.querySelector(".faces");
const controls = Object.fromEntries(
  ["rename", "hide", "split", "no-face", "portrait"].map((name) => [name, document.getElementById(`person-${name}`)]),
);

// A person as decisions name it: { name, kind, face (a picture's address), facts, likely }.
let person = null;
let shown = null;

// Asks who people of a film are, and makes them one person. `subjects` are people as above; `revision` is the film's.
// Who is made one with an unknown person of the film stays unknown, under the lowest of the numbers.
export async function namePeople(key, subjects, revision, changed) {
  const [first] = subjects;
  const who = await askWho({
    key,
    title: subjects.length === 1 ? displayName(first) : `are these ${subjects.length} people`,
    face: first.face,
    facts: first.facts,
    likely: subjects.length === 1 ? first.likely : [],
    except: first.name,
  });
  if (!who) return null;
  const names = subjects.map((each) => each.name);
  const merged = who.unknown ? [...new Set([...names, who.person])] : names;
  const target = who.unknown ? lowestUnknown(merged) : who.person;
  const subject = subjects.length > 1 ? `${subjects.length} people:` : displayName(first);
  const decision = { verdict: "is", person: target, new: true, people: merged, revision };
  return decide(key, { ...decision, everywhere: merged.some((name) => name.startsWith("unknown:")) }, subject, changed);
}

// Hides people from a film.
export function hidePeople(key, subjects, revision, changed) {
  const subject = subjects.length > 1 ? `${subjects.length} people:` : displayName(subjects[0]);
  return decide(key, { verdict: "hidden", people: subjects.map((each) => each.name), revision }, subject, changed);
}

// Opens the dialog of a person; `changed` as in `decide`.
export async function openPerson(key, subject, changed) {
  const query = encodeURIComponent(subject.name);
  const response = await fetch(link(`/api/films/${key}/tracks?person=${query}`));
  if (!response.ok) return;
  person = subject;
  shown = { key, changed, ...(await response.json()) };
  document.getElementById("person-title").textContent = displayName(subject);
  document.getElementById("person-facts").textContent = `${shown.tracks.length} tracks`;
  const holder = document.getElementById("person-face");
  holder.replaceChildren();
  if (subject.face) {
    const picture = element("img");
    picture.src = subject.face;
    picture.alt = "";
    holder.append(picture);
  }
  faces.replaceChildren(...leastSureFirst(shown.tracks).filter((track) => track.chip).map(faceEntry));
  controls["rename"].focus();
  showControls();
  dialog.showModal();
}

// Tracks whose name is least sure first, those that somebody decided on last; each by start.
function leastSureFirst(tracks) {
  const sure = (track) => (track.decided ? 2 : track.probability ?? 1);
  return [...tracks].sort((a, b) => sure(a) - sure(b) || a.start_s - b.start_s);
}

function faceEntry(track) {
  const label = element("label", track.decided ? "decided" : "");
  const box = element("input");
  box.type = "checkbox";
  box.value = String(track.track);
  const picture = element("img");
  picture.src = track.chip;
  picture.alt = "";
  picture.loading = "lazy";
  picture.width = picture.height = 72;
  label.append(box, picture, element("span", "time", clock(track.start_s)));
  if (track.decided) label.append(element("span", "quiet", "decided"));
  else if (track.probability !== null) label.append(element("span", "quiet", percent(track.probability)));
  return label;
}

function selected() {
  return [...faces.querySelectorAll("input:checked")].map((box) => Number(box.value));
}

function showControls() {
  const count = selected().length;
  controls["split"].disabled = count === 0;
  controls["no-face"].disabled = count === 0;
  controls["portrait"].disabled = count !== 1 || person.name.startsWith("unknown:");
}

function act(decision, subject) {
  dialog.close();
  return decide(shown.key, { ...decision, revision: shown.revision }, subject, shown.changed);
}

faces.addEventListener("change", showControls);
controls["rename"].addEventListener("click", () => {
  dialog.close();
  namePeople(shown.key, [person], shown.revision, shown.changed);
});
controls["hide"].addEventListener("click", () => {
  dialog.close();
  hidePeople(shown.key, [person], shown.revision, shown.changed);
});
controls["split"].addEventListener("click", async () => {
  const tracks = selected();
  const first = shown.tracks.find((track) => track.track === tracks[0]);
  const facts = tracks.length > 1 ? `${tracks.length} faces of ${displayName(person)}` : `Face of ${displayName(person)} at ${clock(first.start_s)}`;
  dialog.close();
  const who = await askWho({ key: shown.key, face: first.chip, facts, except: person.name });
  if (!who) return;
  const people = who.unknown ? [who.person] : [];
  act({ verdict: "is", person: who.person, new: true, tracks, people }, tracks.length > 1 ? `${tracks.length} faces:` : "The face");
});
controls["no-face"].addEventListener("click", () => act({ verdict: "not_a_face", tracks: selected() }, "The choice"));
controls["portrait"].addEventListener("click", () =>
  act({ verdict: "is", person: person.name, new: true, portrait: true, tracks: selected() }, "The face"),
);
