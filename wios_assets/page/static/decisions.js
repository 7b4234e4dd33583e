// Making decisions: the reviewer's name, the dialog "Who is it?", sending a decision, following the names.

import { link } from "./common.js";

const REVIEWER_KEY = "wios-reviewer";
const POLL_MS = 1500;

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

// Asks who it is; returns { person, new }, or null if cancelled. `focus` is "cast" or "new"; `likely`, the likeliest
// names as pairs of name and text of the probability, are offered first, one click each.
export function askWho(focus, likely = []) {
  const dialog = document.getElementById("who-dialog");
  const cast = document.getElementById("cast-name");
  const name = document.getElementById("new-name");
  name.value = "";
  dialog.returnValue = "";
  document.getElementById("cast-form").hidden = cast.options.length === 0;
  const first = document.getElementById("likely-form");
  first.hidden = likely.length === 0;
  first.replaceChildren(
    ...likely.map(([person, probability]) => {
      const button = document.createElement("button");
      button.value = `likely:${person}`;
      button.textContent = `${person} ${probability}`;
      return button;
    }),
  );
  dialog.showModal();
  if (focus === "new" || (cast.options.length === 0 && likely.length === 0)) name.focus();
  else (likely.length ? first.firstElementChild : cast).focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue.startsWith("likely:")) resolve({ person: dialog.returnValue.slice(7), new: false });
        else if (dialog.returnValue === "cast") resolve({ person: cast.value, new: false });
        else if (dialog.returnValue === "new") resolve({ person: name.value, new: true });
        else resolve(null);
      },
      { once: true },
    );
  });
}

// Shows a notice while a film's names are being updated; then calls `done`.
let following = false;
export async function followNames(film, done) {
  const notice = document.getElementById("names-state");
  if (following) return;
  following = true;
  let names = { state: "waiting" };
  while (names.state === "waiting" || names.state === "running") {
    notice.textContent = "Decisions are shown; names that follow from them are being updated.";
    notice.hidden = false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      const response = await fetch(link(`/api/films/${film}/names`));
      if (response.ok) names = await response.json();
    } catch {
      // The page may be restarting.
    }
  }
  following = false;
  notice.hidden = names.state === "done";
  if (names.state === "failed") {
    notice.textContent = `Decisions are kept, but the names could not be updated: ${names.reason}`;
  }
  if (done) done(names);
}
