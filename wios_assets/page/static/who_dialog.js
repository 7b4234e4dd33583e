// The dialog "Who is it?": likely names, and a search that types ahead over the cast, other films and IMDB.

import { button, element, fold, link } from "./common.js";

const WAIT_MS = 120;
const IMDB_WAIT_MS = 350;
const SOURCES = { film: "named in this film", unknown: "in this film", elsewhere: "other films", imdb: "IMDB" };

const dialog = document.getElementById("who-dialog");
const input = document.getElementById("who-name");
const list = document.getElementById("who-list");
const choose = document.getElementById("who-choose");

let film = null;
let active = -1;
let asked = 0;
let people = [];
let chosen = null;

// Asks who somebody is. `face` is a picture's address or null; `title` and `facts` say who is meant; `likely` holds the
// likeliest names with the text of their probability; `except` is left out of the suggestions. Returns the name of the
// person and whether the film's people have it, { person, unknown }, or null if it was cancelled.
export function askWho({ key, title, face, facts, likely = [], except = "" }) {
  film = key;
  chosen = null;
  dialog.returnValue = "";
  document.getElementById("who-title").textContent = title ? `Who is ${title}?` : "Who is it?";
  document.getElementById("who-facts").textContent = facts || "";
  const holder = document.getElementById("who-face");
  holder.replaceChildren();
  if (face) {
    const picture = element("img");
    picture.src = face;
    picture.alt = "";
    holder.append(picture);
  }
  document.getElementById("likely").replaceChildren(
    ...likely.map(([person, probability]) => button("", `${person} ${probability}`, () => finish({ name: person }))),
  );
  input.value = "";
  dialog.dataset.except = except;
  show([]);
  dialog.showModal();
  if (likely.length) document.querySelector("#likely button").focus();
  else input.focus();
  search();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        const typed = input.value.trim();
        if (chosen) resolve({ person: chosen.name, unknown: chosen.source === "unknown" });
        else if (dialog.returnValue === "name" && typed) resolve({ person: typed, unknown: false });
        else resolve(null);
      },
      { once: true },
    );
  });
}

function finish(person) {
  chosen = person;
  dialog.close("name");
}

function nameOf(person) {
  return person.source === "unknown" ? `Unknown ${person.name.slice(8)}` : person.name;
}

function show(found) {
  people = found.filter((each) => each.name !== dialog.dataset.except);
  active = -1;
  list.replaceChildren(
    ...people.map((person, index) => {
      const option = element("li");
      option.id = `who-${index}`;
      option.role = "option";
      option.setAttribute("aria-selected", "false");
      const picture = person.picture ? element("img") : element("span", "no-chip");
      if (person.picture) {
        picture.src = person.picture;
        picture.alt = "";
        picture.loading = "lazy";
        picture.addEventListener("error", () => picture.replaceWith(element("span", "no-chip")), { once: true });
      }
      const words = element("span", "words");
      words.append(element("span", "name", nameOf(person)));
      const facts = [person.detail, SOURCES[person.source]].filter(Boolean).join(" · ");
      if (facts) words.append(element("span", "quiet", facts));
      option.append(picture, words);
      option.addEventListener("click", () => finish(person));
      return option;
    }),
  );
  input.setAttribute("aria-expanded", String(people.length > 0));
  showChoice();
}

// Tells what Enter will do.
function showChoice() {
  const typed = input.value.trim();
  const known = people.find((person) => fold(nameOf(person)) === fold(typed));
  const person = active >= 0 ? people[active] : known;
  choose.disabled = !typed && active < 0;
  choose.textContent = person ? `Choose ${nameOf(person)}` : typed ? `Add ${typed} as a new name` : "Choose";
  [...list.children].forEach((option, index) => {
    option.setAttribute("aria-selected", String(index === active));
    if (index === active) option.scrollIntoView({ block: "nearest" });
  });
  if (active >= 0) input.setAttribute("aria-activedescendant", `who-${active}`);
  else input.removeAttribute("aria-activedescendant");
}

async function suggestions(query, more) {
  const response = await fetch(link(`/api/films/${film}/people?q=${encodeURIComponent(query)}${more}`)).catch(() => null);
  return response && response.ok ? (await response.json()).people : [];
}

// Asks the page for people; IMDB, which takes longer, after what the films know.
async function search() {
  const call = ++asked;
  const query = input.value.trim();
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  if (query) await wait(WAIT_MS);
  if (call !== asked) return;
  const known = await suggestions(query, "");
  if (call !== asked) return;
  show(known);
  if (query.length < 3) return;
  await wait(IMDB_WAIT_MS);
  if (call !== asked) return;
  const names = new Set(known.map((person) => person.name));
  const more = (await suggestions(query, "&imdb=true")).filter((person) => !names.has(person.name));
  if (call === asked && more.length && active < 0) show([...known, ...more]);
}

input.addEventListener("input", () => {
  active = -1;
  showChoice();
  search();
});
input.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && people.length) {
    event.preventDefault();
    active = active < 0 && step < 0 ? people.length - 1 : (active + step + people.length) % people.length;
    showChoice();
  } else if (event.key === "Enter" && active >= 0) {
    event.preventDefault();
    finish(people[active]);
  }
});
