// Making decisions: the reviewer's name, sending a decision, its undo, and what followed from it.

import { link } from "./common.js";
import { listen } from "./events.js";
import { addToToast, showToast } from "./toast.js";

const REVIEWER_KEY = "wios-reviewer";
const SILENT = { ok: false, value: { reason: "The page does not respond; nothing was decided." } };

export function reviewer() {
  try {
    return localStorage.getItem(REVIEWER_KEY) || null;
  } catch {
    return null;
  }
}

export function keepReviewer(field) {
  field.value = reviewer() || "";
  field.addEventListener("change", () => {
    try {
      localStorage.setItem(REVIEWER_KEY, field.value.trim());
    } catch {
      // Without storage, the field's value is still sent.
    }
  });
}

// Sends JSON with the reviewer's name; returns status and content of the response.
export async function send(path, content) {
  const field = document.getElementById("reviewer");
  const by = (field ? field.value.trim() : reviewer()) || null;
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...content, by }),
  });
  let value = {};
  try {
    value = await response.json();
  } catch {
    value = { reason: `the page answered with status ${response.status}; reload it` };
  }
  return { ok: response.ok, status: response.status, value };
}

function sentence(subject, decision, count) {
  const name = (decision.person || "").replace(/^unknown:(\d+)$/, "Unknown $1");
  const what = {
    is: decision.portrait ? `is the picture of ${name}` : `is ${name}`,
    is_not: `is not ${name}`,
    not_a_face: "is not a face",
    hidden: "is hidden",
  }[decision.verdict];
  return `${subject} ${what}${count > 1 ? ` (${count} tracks)` : ""}.`;
}

// Makes a decision on a film about `subject`, and tells it in the toast with its undo. `changed` is called with the
// page's answer when the decision is stored, with { undone } when it was taken back, and with nothing once the names
// follow.
export async function decide(film, decision, subject, changed) {
  const path = link(`/api/films/${film}/reviews`);
  const response = await send(path, decision).catch(() => SILENT);
  if (!response.ok) {
    showToast(response.value.reason);
    return response;
  }
  const { id, person, tracks } = response.value;
  const told = sentence(subject, { ...decision, person }, tracks.length);
  showToast(told, () => undoDecision(film, id, changed));
  await changed(response.value);
  followNames(film, id, (names) => {
    changed();
    if (names.followed) addToToast(told, `${names.followed} more ${names.followed === 1 ? "track" : "tracks"} followed.`);
  });
  return response;
}

// Takes a decision back.
export async function undoDecision(film, id, changed) {
  const response = await send(link(`/api/films/${film}/reviews/${encodeURIComponent(id)}/undo`), {}).catch(() => SILENT);
  showToast(response.ok ? "Taken back." : response.value.reason);
  if (!response.ok) return response;
  await changed({ undone: response.value });
  followNames(film, null, () => changed());
  return response;
}

// What is waited for: the film, a decision whose followers are counted, and what to call then.
let awaited = null;
let listening = false;

// Shows a notice while a film's names are being updated; then calls `done` with their state, for the newest call alone.
export function followNames(film, decision, done) {
  awaited = { film, decision, done };
  const notice = document.getElementById("names-state");
  notice.textContent = "Decisions hold everywhere; what follows from them for similar faces is being worked out.";
  notice.hidden = false;
  if (!listening) {
    listening = true;
    listen("names", (state) => awaited && state.film === decodeURIComponent(awaited.film) && checkNames());
    listen("resume", () => awaited && checkNames());
  }
  checkNames();
}

async function checkNames() {
  const own = awaited;
  const query = own.decision ? `?decision=${encodeURIComponent(own.decision)}` : "";
  const response = await fetch(link(`/api/films/${own.film}/names${query}`)).catch(() => null);
  // The stream tells when a page that is restarting is back.
  if (!response || !response.ok || own !== awaited) return;
  const names = await response.json();
  if (own !== awaited || names.state === "waiting" || names.state === "running") return;
  awaited = null;
  const notice = document.getElementById("names-state");
  notice.hidden = names.state === "done";
  if (names.state === "failed") {
    notice.textContent = `Decisions are kept, but what follows from them could not be worked out: ${names.reason}`;
  }
  if (own.done) own.done(names);
}
