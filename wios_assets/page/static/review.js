// The review page: decisions on tracks, by button or key.

import { clock, percent } from "./common.js";
import { Clip } from "./clip.js";
import { decide, followNames, keepReviewer, undoDecision } from "./decisions.js";
import { lowestUnknown } from "./film_data.js";
import { openPerson } from "./person_dialog.js";
import { undoLast } from "./toast.js";
import { askWho } from "./who_dialog.js";

const list = document.getElementById("reviews");
const notice = document.getElementById("names-state");
const aside = document.getElementById("clip");
keepReviewer(document.getElementById("reviewer"));

const ACTIONS_BY_KEY = { y: "yes", n: "no", a: "who", p: "who", x: "no-face", h: "hide", e: "faces", u: "undo" };
const clip = list && aside ? new Clip(aside, list.dataset.film) : null;
let shownCard = null;

function cards() {
  return [...list.querySelectorAll(".review")];
}

function select(card) {
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function onFocus(card) {
  for (const each of cards()) each.tabIndex = each === card ? 0 : -1;
  if (card === shownCard) return;
  shownCard = card;
  if (clip) clip.show(card);
}

function step(card, by) {
  const all = cards();
  select(all[Math.min(Math.max(0, all.indexOf(card) + by), all.length - 1)]);
}

function button(card, action) {
  return card.querySelector(`[data-action="${action}"]`);
}

function pick(card) {
  return card.querySelector(".pick");
}

// The cards that an action is for: those that are ticked, if the card is one of them, else the card alone.
function together(card) {
  const ticked = cards().filter((each) => pick(each).checked);
  return ticked.includes(card) ? ticked : [card];
}

function titleOf(card) {
  return card.querySelector("h2").textContent.trim();
}

function faceOf(card) {
  const picture = card.querySelector(".chips img");
  return picture ? picture.src : null;
}

function showDecision(card, decision) {
  const item = document.createElement("li");
  item.textContent = decision.sentence;
  card.querySelector(".decisions").append(item);
  card.dataset.revision = decision.revision;
  card.dataset.undo = decision.id;
  card.classList.add("settled");
  pick(card).checked = false;
  button(card, "undo").disabled = false;
}

function showUndone(card, undone) {
  const items = card.querySelectorAll(".decisions li:not(.undone)");
  const item = items[items.length - 1];
  if (item) {
    item.textContent = undone.sentence;
    item.classList.add("undone");
  }
  card.dataset.revision = undone.revision;
  delete card.dataset.undo;
  card.classList.remove("settled");
  button(card, "undo").disabled = true;
}

async function newDecision(chosen, action) {
  const [card] = chosen;
  const person = card.dataset.proposal;
  const everywhere = chosen.some((each) => "everywhere" in each.dataset);
  if (action === "yes") return { verdict: "is", person, everywhere };
  if (action === "no") return { verdict: "is_not", person };
  if (action === "no-face") return { verdict: "not_a_face" };
  if (action === "hide") return { verdict: "hidden" };
  const likely = JSON.parse(card.dataset.perhaps).map((each) => [each.actor, percent(each.probability)]);
  const tracks = chosen.reduce((sum, each) => sum + each.dataset.tracks.split(" ").length, 0);
  const who = await askWho({
    key: list.dataset.film,
    face: faceOf(card),
    facts: `${clock(Number(card.dataset.start))}${tracks > 1 ? ` · ${tracks} tracks` : ""}`,
    likely: chosen.length === 1 ? likely : [],
    except: card.dataset.person,
  });
  if (!who) return null;
  const merged = [...chosen.map((each) => each.dataset.person), who.person];
  const others = who.unknown ? { person: lowestUnknown(merged), people: [who.person] } : { person: who.person };
  return { verdict: "is", everywhere, new: true, ...others };
}

// Shows what the page answered on the cards of a decision.
function show(chosen, answer) {
  if (!answer) return;
  if (answer.undone) for (const card of cards().filter((each) => each.dataset.undo === answer.undone.id)) showUndone(card, answer.undone);
  else for (const card of chosen) showDecision(card, answer);
}

async function perform(card, action) {
  const own = button(card, action);
  if (!own || own.disabled || card.getAttribute("aria-busy") === "true") return;
  if (action === "faces") {
    const subject = { name: card.dataset.person, kind: card.dataset.person.startsWith("unknown:") ? "unknown" : "cast", face: faceOf(card), likely: [] };
    await openPerson(list.dataset.film, subject, (answer) => answer && location.reload());
    return;
  }
  const chosen = together(card);
  const error = card.querySelector(".error");
  card.setAttribute("aria-busy", "true");
  let response;
  try {
    if (action === "undo") {
      response = await undoDecision(list.dataset.film, card.dataset.undo, (answer) => show(chosen, answer));
    } else {
      const decision = await newDecision(chosen, action);
      if (!decision) return select(card);
      const tracks = chosen.flatMap((each) => each.dataset.tracks.split(" ").map(Number));
      const newest = (each) => Number(each.dataset.revision.split(".").pop());
      const { revision } = chosen.reduce((a, b) => (newest(b) > newest(a) ? b : a)).dataset;
      const subject = chosen.length > 1 ? `${chosen.length} of the list:` : titleOf(card);
      const changed = (answer) => show(chosen, answer);
      response = await decide(list.dataset.film, { ...decision, tracks, revision }, subject, changed);
    }
  } finally {
    card.removeAttribute("aria-busy");
  }
  if (response.ok) {
    error.textContent = "";
    const rest = cards().slice(cards().indexOf(card) + 1);
    const next = rest.find((each) => !each.classList.contains("settled"));
    return select(action === "undo" || !next ? card : next);
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

function onKey(event) {
  const card = event.target.closest(".review");
  if (event.ctrlKey || event.altKey || event.metaKey || !card) return;
  const onBox = event.target.matches("input");
  const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
  if (event.key in moves) step(card, moves[event.key]);
  else if (event.key === "v" && clip) clip.toggle();
  else if (event.key === "s") pick(card).click();
  // What was decided last is undone where the card itself has nothing to undo.
  else if (event.key === "u" && button(card, "undo").disabled) undoLast();
  else if (event.key in ACTIONS_BY_KEY && !(onBox && event.key === " ")) perform(card, ACTIONS_BY_KEY[event.key]);
  else return;
  event.preventDefault();
}

if (list) {
  list.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-action]");
    const card = event.target.closest(".review");
    if (pressed) perform(card, pressed.dataset.action);
    else if (card && !event.target.closest("a, input, summary")) select(card);
  });
  list.addEventListener("focusin", (event) => onFocus(event.target.closest(".review")));
  list.addEventListener("keydown", onKey);
  if (["waiting", "running"].includes(notice.dataset.state)) followNames(list.dataset.film);
  const open = "decided" in list.dataset ? null : cards().find((card) => !card.classList.contains("settled"));
  select(open || cards()[0]);
}
