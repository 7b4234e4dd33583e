// The review page: decisions on tracks, by button or key.

import { link, percent } from "./common.js";
import { askWho, followNames, keepReviewer, send } from "./decisions.js";

const list = document.getElementById("reviews");
const announcement = document.getElementById("announcement");
const notice = document.getElementById("names-state");
keepReviewer(document.getElementById("reviewer"));

const ACTIONS_BY_KEY = { y: "yes", n: "no", a: "another", p: "new", x: "no-face", u: "undo" };

function cards() {
  return [...list.querySelectorAll(".review")];
}

function select(card) {
  for (const each of cards()) each.tabIndex = each === card ? 0 : -1;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function step(card, by) {
  const all = cards();
  select(all[Math.min(Math.max(0, all.indexOf(card) + by), all.length - 1)]);
}

function button(card, action) {
  return card.querySelector(`[data-action="${action}"]`);
}

function showDecision(card, decision) {
  const item = document.createElement("li");
  item.textContent = decision.said;
  card.querySelector(".decisions").append(item);
  card.dataset.revision = decision.revision;
  card.dataset.undo = decision.id;
  card.classList.add("settled");
  button(card, "undo").disabled = false;
}

function showUndone(card, undone) {
  const items = card.querySelectorAll(".decisions li:not(.undone)");
  const item = items[items.length - 1];
  item.textContent = undone.said;
  item.classList.add("undone");
  card.dataset.revision = undone.revision;
  delete card.dataset.undo;
  card.classList.remove("settled");
  button(card, "undo").disabled = true;
}

async function newDecision(card, action) {
  const person = card.dataset.proposal;
  const everywhere = "everywhere" in card.dataset;
  if (action === "yes") return { verdict: "is", person, everywhere };
  if (action === "no") return { verdict: "is_not", person };
  if (action === "no-face") return { verdict: "not_a_face" };
  const likely = JSON.parse(card.dataset.perhaps).map((each) => [each.actor, percent(each.probability * 1000)]);
  const who = await askWho(action === "new" ? "new" : "cast", likely);
  return who && { verdict: "is", everywhere, ...who };
}

async function perform(card, action) {
  if (button(card, action).disabled || card.getAttribute("aria-busy") === "true") return;
  const error = card.querySelector(".error");
  const path = link(`/api/films/${list.dataset.film}/reviews`);
  let response;
  card.setAttribute("aria-busy", "true");
  try {
    if (action === "undo") {
      response = await send(`${path}/${encodeURIComponent(card.dataset.undo)}/undo`, {});
    } else {
      const decision = await newDecision(card, action);
      if (!decision) return select(card);
      const tracks = card.dataset.tracks.split(" ").map(Number);
      response = await send(path, { ...decision, tracks, revision: card.dataset.revision });
    }
  } catch {
    response = { ok: false, value: { reason: "the page does not respond; nothing was decided" } };
  } finally {
    card.removeAttribute("aria-busy");
  }
  if (response.ok) {
    error.textContent = "";
    if (action === "undo") showUndone(card, response.value);
    else showDecision(card, response.value);
    announcement.textContent = response.value.said;
    followNames(list.dataset.film);
    const next = cards().slice(cards().indexOf(card) + 1).find((each) => !each.classList.contains("settled"));
    select(action === "undo" || !next ? card : next);
    return;
  }
  error.textContent = response.value.reason;
  if (response.value.decision) {
    // The reviewer has seen the other decision now; the next one overrules it.
    card.dataset.revision = response.value.revision;
    if (!response.value.decision.undone_at) {
      card.dataset.undo = response.value.decision.id;
      button(card, "undo").disabled = false;
    }
  }
  select(card);
}

if (list) {
  list.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-action]");
    if (pressed) perform(pressed.closest(".review"), pressed.dataset.action);
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
    else if (event.key in ACTIONS_BY_KEY) perform(card, ACTIONS_BY_KEY[event.key]);
    else return;
    event.preventDefault();
  });
  if (["waiting", "running"].includes(notice.dataset.state)) followNames(list.dataset.film);
  const open = "decided" in list.dataset ? null : cards().find((card) => !card.classList.contains("settled"));
  select(open || cards()[0]);
}
