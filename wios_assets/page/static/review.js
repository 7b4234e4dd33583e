// The review page: decisions on faces, by button or key.

import { askWho, keepReviewer, send, watchNames } from "./decide.js";

const list = document.getElementById("reviews");
const told = document.getElementById("said");
const notice = document.getElementById("names-state");
keepReviewer(document.getElementById("reviewer"));

const ACTS = { y: "yes", n: "no", a: "another", p: "new", x: "no-face", u: "undo" };

function cards() {
  return [...list.querySelectorAll(".review")];
}

function choose(card) {
  for (const each of cards()) each.tabIndex = each === card ? 0 : -1;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function step(card, by) {
  const all = cards();
  choose(all[Math.min(Math.max(0, all.indexOf(card) + by), all.length - 1)]);
}

function button(card, act) {
  return card.querySelector(`[data-act="${act}"]`);
}

function settle(card, made) {
  const item = document.createElement("li");
  item.textContent = made.said;
  card.querySelector(".said").append(item);
  card.dataset.revision = made.revision;
  card.dataset.undo = made.id;
  card.classList.add("settled");
  button(card, "undo").disabled = false;
}

function unsettle(card, taken) {
  const items = card.querySelectorAll(".said li:not(.undone)");
  const item = items[items.length - 1];
  item.textContent = taken.said;
  item.classList.add("undone");
  card.dataset.revision = taken.revision;
  delete card.dataset.undo;
  card.classList.remove("settled");
  button(card, "undo").disabled = true;
}

async function decision(card, act) {
  const person = card.dataset.proposal;
  const everywhere = "everywhere" in card.dataset;
  if (act === "yes") return { verdict: "is", person, everywhere };
  if (act === "no") return { verdict: "is_not", person };
  if (act === "no-face") return { verdict: "not_a_face" };
  const who = await askWho(act === "new" ? "new" : "cast");
  return who && { verdict: "is", everywhere, ...who };
}

async function act(card, name) {
  if (button(card, name).disabled || card.getAttribute("aria-busy") === "true") return;
  const trouble = card.querySelector(".trouble");
  const path = `/api/films/${list.dataset.film}/reviews`;
  let answer;
  card.setAttribute("aria-busy", "true");
  try {
    if (name === "undo") {
      answer = await send(`${path}/${encodeURIComponent(card.dataset.undo)}/undo`, {});
    } else {
      const made = await decision(card, name);
      if (!made) return choose(card);
      const tracks = card.dataset.tracks.split(" ").map(Number);
      answer = await send(path, { ...made, tracks, revision: card.dataset.revision });
    }
  } catch {
    answer = { ok: false, value: { reason: "the page does not answer; nothing was decided" } };
  } finally {
    card.removeAttribute("aria-busy");
  }
  if (answer.ok) {
    trouble.textContent = "";
    if (name === "undo") unsettle(card, answer.value);
    else settle(card, answer.value);
    told.textContent = answer.value.said;
    watchNames(list.dataset.film);
    const next = cards().slice(cards().indexOf(card) + 1).find((each) => !each.classList.contains("settled"));
    choose(name === "undo" || !next ? card : next);
    return;
  }
  trouble.textContent = answer.value.reason;
  if (answer.value.decision) {
    // The second reviewer knows now, and the next answer overrules.
    card.dataset.revision = answer.value.revision;
    if (!answer.value.decision.undone_at) {
      card.dataset.undo = answer.value.decision.id;
      button(card, "undo").disabled = false;
    }
  }
  choose(card);
}

if (list) {
  list.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-act]");
    if (pressed) act(pressed.closest(".review"), pressed.dataset.act);
  });
  list.addEventListener("focusin", (event) => {
    const card = event.target.closest(".review");
    for (const each of cards()) each.tabIndex = each === card ? 0 : -1;
  });
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const card = event.target.closest(".review");
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if (event.key in moves) step(card, moves[event.key]);
    else if (event.key in ACTS) act(card, ACTS[event.key]);
    else return;
    event.preventDefault();
  });
  if (["waiting", "running"].includes(notice.dataset.state)) watchNames(list.dataset.film);
  const open = "decided" in list.dataset ? null : cards().find((card) => !card.classList.contains("settled"));
  choose(open || cards()[0]);
}
