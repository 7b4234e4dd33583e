// The page of a film's cast: takes photos that are dropped on a person or chosen, and shows their verdicts.

import { element } from "./common.js";

const list = document.getElementById("cast");
const judging = document.getElementById("judging");
const QUIET = ["used", "waiting"];

for (const card of list.children) {
  const input = card.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    void take(card, [...input.files]);
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    card.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      card.classList.add("dropping");
    });
  }
  card.addEventListener("dragleave", (event) => {
    if (!card.contains(event.relatedTarget)) card.classList.remove("dropping");
  });
  card.addEventListener("drop", (event) => {
    event.preventDefault();
    card.classList.remove("dropping");
    void take(card, [...event.dataTransfer.files]);
  });
}

async function take(card, files) {
  const problems = card.querySelector(".problems");
  problems.replaceChildren();
  let added = 0;
  for (const file of files) {
    const query = new URLSearchParams({ actor: card.dataset.actor, name: file.name });
    say(`Adding ${file.name} …`);
    try {
      const headers = { "content-type": "application/octet-stream" };
      const response = await fetch(`${list.dataset.source}/photos?${query}`, { method: "POST", headers, body: file });
      if (response.ok) added += 1;
      else problems.append(element("li", "", `${file.name}: ${await reasonOf(response)}`));
    } catch {
      problems.append(element("li", "", `${file.name}: the page does not answer; try again in a moment.`));
    }
  }
  if (added) await judge();
  else say("");
}

async function judge() {
  say("Looking at the photos …");
  try {
    const response = await fetch(`${list.dataset.source}/verdicts`, { method: "POST" });
    if (!response.ok) return say(await reasonOf(response));
    for (const member of (await response.json()).cast) show(member);
    say("");
  } catch {
    say("The page does not answer; reload it in a moment.");
  }
}

function show(member) {
  const card = [...list.children].find((each) => each.dataset.actor === member.actor);
  if (!card) return;
  const usable = card.querySelector(".usable");
  usable.textContent = `${member.usable} usable of ${member.photos.length}`;
  usable.classList.toggle("refused", !member.usable);
  usable.classList.toggle("quiet", member.usable > 0);
  card.querySelector(".photos").replaceChildren(
    ...member.photos.map((photo) => {
      const fine = QUIET.includes(photo.verdict);
      const item = element("li", fine ? "" : "with-reason");
      const picture = element("img");
      picture.src = `${list.dataset.pictures}?of=${encodeURIComponent(photo.photo)}`;
      picture.alt = `Photo of ${member.actor}`;
      picture.width = picture.height = 84;
      const verdict = element("span", fine ? "quiet" : "refused", photo.verdict.replaceAll("_", " "));
      verdict.title = photo.reason;
      item.append(picture, verdict);
      if (!fine) item.append(element("span", "quiet why-not", photo.reason));
      return item;
    }),
  );
}

function say(text) {
  judging.textContent = text;
  judging.hidden = !text;
}

async function reasonOf(response) {
  const body = await response.json().catch(() => ({}));
  return body.reason || `The page answered with status ${response.status}.`;
}
