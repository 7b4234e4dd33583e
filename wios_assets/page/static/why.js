// Why somebody has a name: the reason, and the photos that the face was compared with. Asked for when it is opened.

import { element } from "./element.js";

export function why(key, actor, instant) {
  const made = element("details", "why");
  const summary = element("summary", "", "Why?");
  summary.setAttribute("aria-label", `Why ${actor}?`);
  made.append(summary);
  made.addEventListener("toggle", () => made.open && made.children.length === 1 && tell(made, key, actor, instant));
  return made;
}

async function tell(place, key, actor, instant) {
  const said = element("span");
  place.append(said);
  let found;
  try {
    const answer = await fetch(`/api/films/${key}/who?t=${instant}`);
    found = answer.ok ? (await answer.json()).people.find((person) => person.actor === actor) : undefined;
  } catch {
    found = undefined;
  }
  said.textContent = found ? found.reason || "No reason is kept." : "The page does not know any more; load it again.";
  for (const photo of found ? found.photos : []) {
    const picture = element("img");
    picture.src = `/photo/${key}?of=${encodeURIComponent(photo)}`;
    picture.alt = "Photo that matched";
    picture.title = photo;
    picture.addEventListener("error", () => picture.remove(), { once: true });
    place.append(picture);
  }
}
