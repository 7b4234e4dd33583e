// The lanes of a film's page: a row for each person, sorted, filtered, and with unknown people folded.

import { button, chip, clock, element, fold, percent } from "./common.js";
import { displayName } from "./film_data.js";
import { drawLane, union } from "./strips.js";

const FOLD_FROM = 5;

const ORDERS = {
  time: (a, b) => b.person.seconds - a.person.seconds,
  first: (a, b) => a.start[0] - b.start[0],
  billing: (a, b) => (a.person.billing ?? Infinity) - (b.person.billing ?? Infinity) || b.person.seconds - a.person.seconds,
};

// The `most` likeliest names of an unknown person, "perhaps Al Pacino 70 %; Robert Duvall 20 %".
export function likelyNames(person, most) {
  const names = person.perhaps.slice(0, most).map(([name, thousandths]) => `${name} ${percent(thousandths / 1000)}`);
  return element("span", "perhaps", `perhaps ${names.join("; ")}`);
}

export class Lanes {
  // `list` is the list of lanes; `actions` has `next(lane)`, to go to its next appearance, and `buttons(lane)`, which
  // gives the buttons beside a name, and `selected()`, called when others are selected.
  constructor(list, key, timeline, actions) {
    this.list = list;
    this.key = key;
    this.timeline = timeline;
    this.actions = actions;
    this.order = "time";
    this.words = [];
    this.folded = null;
    this.selecting = false;
    this.visible = new Set();
    this.observer = new IntersectionObserver((entries) => this.onVisible(entries), { rootMargin: "200px" });
    list.addEventListener("keydown", (event) => this.onKey(event));
  }

  // Builds the rows of a film's lanes.
  show(data, colors) {
    this.colors = colors;
    this.lanes = data.lanes;
    this.longest = Math.max(1, ...data.lanes.map((lane) => lane.person.seconds));
    const unknown = data.lanes.filter((lane) => lane.unknown);
    if (this.folded === null || unknown.length < FOLD_FROM) this.folded = unknown.length >= FOLD_FROM;
    for (const lane of data.lanes) this.build(lane);
    this.group = unknown.length >= FOLD_FROM ? this.buildGroup(unknown) : null;
    this.arrange();
  }

  // Puts the rows in order, leaving out those that the filter or the fold hides.
  arrange() {
    const wanted = this.lanes.filter((lane) => this.fits(lane)).sort((a, b) => a.unknown - b.unknown || ORDERS[this.order](a, b));
    const known = wanted.filter((lane) => !lane.unknown);
    const unknown = wanted.filter((lane) => lane.unknown);
    const searching = this.words.length > 0;
    const open = searching || !this.folded || !this.group;
    const rows = [...known, ...(this.group && !searching ? [this.group] : []), ...(open ? unknown : [])];
    this.observer.disconnect();
    this.visible.clear();
    this.list.replaceChildren(...rows.map((row) => row.item));
    for (const row of rows) {
      row.item.row = row;
      this.observer.observe(row.item);
    }
    const names = this.names();
    names.forEach((name, index) => (name.tabIndex = index ? -1 : 0));
    if (this.group) this.group.toggle.setAttribute("aria-expanded", String(!this.folded));
    return wanted.length;
  }

  // Whether every word of the filter begins a word of the person's name or character.
  fits(lane) {
    const own = fold(`${displayName(lane.person)} ${lane.person.character || ""}`).split(/[^\p{L}\p{N}]+/u);
    return this.words.every((word) => own.some((each) => each.startsWith(word)));
  }

  filter(text) {
    this.words = fold(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
    return this.arrange();
  }

  sort(order) {
    this.order = order;
    this.arrange();
  }

  // Shows or hides the boxes to select people with.
  selectSeveral(on) {
    this.selecting = on;
    this.list.classList.toggle("selecting", on);
    if (!on) for (const lane of this.lanes) lane.box.checked = false;
    this.actions.selected();
  }

  selected() {
    return this.lanes.filter((lane) => lane.box.checked);
  }

  unfold() {
    this.folded = false;
    this.arrange();
  }

  // Draws the visible strips; `size` is their width and height in pixels.
  draw(size) {
    this.size = size;
    for (const row of this.visible) this.drawRow(row);
  }

  drawRow(row) {
    if (!this.size) return;
    const color = row.unknown ? this.colors.unknown : this.colors.cast;
    drawLane(row.canvas, row.spans || row, this.timeline, this.size, color, this.colors);
  }

  onVisible(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        this.visible.add(target.row);
        this.drawRow(target.row);
      } else this.visible.delete(target.row);
    }
  }

  // Marks the lanes of the people on screen.
  mark(present) {
    for (const lane of this.lanes) {
      const on = present.has(lane);
      if (lane.on === on) continue;
      lane.on = on;
      lane.item.classList.toggle("on", on);
    }
  }

  build(lane) {
    const { person } = lane;
    lane.on = false;
    lane.item = element("li", `row lane ${person.kind}`);
    const who = button("who", undefined, () => this.actions.next(lane));
    const names = element("span", "names");
    names.append(element("span", "name", displayName(person)));
    if (person.character) names.append(element("span", "character", person.character));
    if (person.perhaps && person.perhaps.length) names.append(likelyNames(person, 1));
    who.append(chip(this.key, person.face, 34), names);
    who.title = "Go to the next appearance";
    lane.box = element("input", "pick");
    lane.box.type = "checkbox";
    lane.box.setAttribute("aria-label", `Select ${displayName(person)}`);
    lane.box.addEventListener("change", () => this.actions.selected());
    const cell = element("span", "who-cell");
    cell.append(lane.box, who, ...this.actions.buttons(lane));
    lane.item.append(cell, this.strip(lane), this.sum(person));
    lane.who = who;
  }

  buildGroup(unknown) {
    const group = { unknown: true, spans: union(unknown), item: element("li", "row lane unknown group") };
    group.toggle = button("who", undefined, () => {
      this.folded = !this.folded;
      this.arrange();
      group.toggle.focus();
    });
    const seconds = unknown.reduce((sum, lane) => sum + lane.person.seconds, 0);
    const names = element("span", "names");
    names.append(element("span", "name", `${unknown.length} unknown people`), element("span", "character", "not in the cast, or nobody is sure"));
    group.toggle.append(element("span", "fold"), names);
    const cell = element("span", "who-cell");
    cell.append(group.toggle);
    const sum = element("span", "sum");
    sum.append(element("span", "clock", clock(seconds)));
    group.item.append(cell, this.strip(group), sum);
    return group;
  }

  strip(row) {
    const strip = element("span", "strip");
    row.canvas = element("canvas");
    row.canvas.setAttribute("aria-hidden", "true");
    strip.append(row.canvas);
    return strip;
  }

  sum(person) {
    const sum = element("span", "sum");
    const bar = element("span", "time-bar");
    const fill = element("span");
    fill.style.width = `${(100 * person.seconds) / this.longest}%`;
    bar.append(fill);
    sum.append(element("span", "clock", clock(Math.max(1, Math.round(person.seconds)))), element("span", "share", percent(person.share)), bar);
    return sum;
  }

  names() {
    return [...this.list.querySelectorAll("button.who")];
  }

  onKey(event) {
    const names = this.names();
    const current = names.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -names.length, End: names.length }[event.key];
    if (current < 0 || step === undefined) return;
    event.preventDefault();
    const target = names[Math.min(Math.max(0, current + step), names.length - 1)];
    names[current].tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  }
}
