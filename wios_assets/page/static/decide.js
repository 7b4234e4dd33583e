// What pages share that let people decide: who decides, the question who it is, and sending the decision.

const KEY = "wios-reviewer";

export function reviewer() {
  try {
    return localStorage.getItem(KEY) || null;
  } catch {
    return null;
  }
}

export function keepReviewer(field) {
  field.value = reviewer() || "";
  field.addEventListener("change", () => {
    try {
      localStorage.setItem(KEY, field.value.trim());
    } catch {
      // A browser that keeps nothing still sends what stands in the field.
    }
  });
}

// Sends JSON; gives the answer's status and content.
export async function send(path, content) {
  const field = document.getElementById("reviewer");
  const by = (field ? field.value.trim() : reviewer()) || null;
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...content, by }),
  });
  let value = {};
  try {
    value = await answer.json();
  } catch {
    value = { reason: `the page answered with ${answer.status}; load it again` };
  }
  return { ok: answer.ok, status: answer.status, value };
}

// Asks who it is; gives { person, new } or null. The field to begin with is "cast" or "new".
export function askWho(begin) {
  const dialog = document.getElementById("who-dialog");
  const cast = document.getElementById("cast-name");
  const name = document.getElementById("new-name");
  name.value = "";
  dialog.returnValue = "";
  document.getElementById("cast-form").hidden = cast.options.length === 0;
  dialog.showModal();
  (begin === "new" || cast.options.length === 0 ? name : cast).focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue === "cast") resolve({ person: cast.value, new: false });
        else if (dialog.returnValue === "new") resolve({ person: name.value, new: true });
        else resolve(null);
      },
      { once: true },
    );
  });
}

// Shows whether names are being worked out anew, until they are; then calls `done`.
let watching = false;
export async function watchNames(film, done) {
  const notice = document.getElementById("names-state");
  if (watching) return;
  watching = true;
  let names = { state: "waiting" };
  while (names.state === "waiting" || names.state === "running") {
    notice.textContent = "What was decided shows already; what else follows from it is being worked out.";
    notice.hidden = false;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    try {
      const answer = await fetch(`/api/films/${film}/names`);
      if (answer.ok) names = await answer.json();
    } catch {
      // The page may be starting anew.
    }
  }
  watching = false;
  notice.hidden = names.state === "done";
  if (names.state === "failed") {
    notice.textContent = `What was decided is kept, but the names could not be worked out anew: ${names.reason}`;
  }
  if (done) done(names);
}
