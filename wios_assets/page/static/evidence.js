// Evidence for a name: the reason, and the photos that matched. Requested when it is opened.

import { element, link } from "./common.js";

export function evidence(key, actor, instant) {
  const details = element("details", "why");
  const summary = element("summary", "", "Why?");
  summary.setAttribute("aria-label", `Why ${actor}?`);
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) fill(details, key, actor, instant);
  });
  return details;
}

async function fill(details, key, actor, instant) {
  const text = element("span");
  details.append(text);
  let person;
  try {
    const response = await fetch(link(`/api/films/${key}/who?t=${instant}`));
    person = response.ok ? (await response.json()).people.find((each) => each.actor === actor) : undefined;
  } catch {
    person = undefined;
  }
  text.textContent = person ? person.reason || "No reason is stored." : "The results have changed; reload the page.";
  for (const photo of person ? person.photos : []) {
    const picture = element("img");
    picture.src = link(`/photo/${key}?of=${encodeURIComponent(photo)}`);
    picture.alt = "Photo that matched";
    picture.title = photo;
    picture.addEventListener("error", () => picture.remove(), { once: true });
    details.append(picture);
  }
}
