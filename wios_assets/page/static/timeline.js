// The visible stretch of a film's timeline: zooming and panning by wheel, pinch, drag and buttons.

const MIN_RANGE_S = 10;
const DRAG_PX = 6;
const WHEEL_ZOOM = 0.0022;

export class Timeline {
  // `duration` in seconds; `changed` is called whenever the visible stretch is another, `seek` with the instant of a click.
  constructor(duration, changed, seek) {
    this.duration = duration;
    this.changed = changed;
    this.seek = seek;
    this.start = 0;
    this.end = duration;
    this.pointers = new Map();
    this.dragged = false;
  }

  get seconds() {
    return this.end - this.start;
  }

  get whole() {
    return this.seconds >= this.duration - 1e-6;
  }

  // Shows `seconds` seconds from `from` on, as far as the film has them.
  show(from, seconds) {
    const length = Math.min(this.duration, Math.max(Math.min(MIN_RANGE_S, this.duration), seconds));
    const start = Math.min(Math.max(0, from), this.duration - length);
    if (start === this.start && length === this.seconds) return;
    this.start = start;
    this.end = start + length;
    this.changed();
  }

  // Shows `factor` times as much, with the instant `around` where it is.
  zoom(factor, around) {
    const seconds = Math.min(this.duration, Math.max(Math.min(MIN_RANGE_S, this.duration), this.seconds * factor));
    this.show(around - ((around - this.start) / this.seconds) * seconds, seconds);
  }

  // Moves by a share of what is visible.
  pan(share) {
    this.show(this.start + share * this.seconds, this.seconds);
  }

  showWhole() {
    this.show(0, this.duration);
  }

  // Brings an instant into view.
  follow(instant) {
    if (instant < this.start || instant > this.end) this.show(instant - this.seconds / 2, this.seconds);
  }

  instantAt(clientX, strip) {
    const box = strip.getBoundingClientRect();
    return this.start + Math.min(1, Math.max(0, (clientX - box.left) / box.width)) * this.seconds;
  }

  // Listens to the strips in `container`. Where `wheelZooms`, the wheel alone zooms; elsewhere it scrolls the page, and
  // zooms with the control key, as a pinch on a touchpad is reported.
  listen(container, wheelZooms) {
    container.addEventListener("wheel", (event) => this.onWheel(event, wheelZooms), { passive: false });
    container.addEventListener("pointerdown", (event) => this.onDown(event));
    container.addEventListener("pointermove", (event) => this.onMove(event));
    for (const name of ["pointerup", "pointercancel"]) {
      container.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
    container.addEventListener("click", (event) => {
      const strip = event.target.closest(".strip");
      if (!strip || strip.querySelector("input")) return;
      if (!this.dragged) this.seek(this.instantAt(event.clientX, strip));
      this.dragged = false;
    });
  }

  onWheel(event, wheelZooms) {
    const strip = event.target.closest(".strip");
    if (!strip) return;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const lines = event.deltaMode === 1 ? 16 : 1;
    if (event.ctrlKey || (wheelZooms && !sideways && !event.shiftKey)) {
      this.zoom(Math.exp(event.deltaY * lines * WHEEL_ZOOM * (event.ctrlKey ? 3 : 1)), this.instantAt(event.clientX, strip));
    } else if (sideways || event.shiftKey) {
      if (this.whole) return;
      this.pan(((sideways ? event.deltaX : event.deltaY) * lines) / strip.clientWidth);
    } else return;
    event.preventDefault();
  }

  onDown(event) {
    const strip = event.target.closest(".strip");
    if (!strip || event.button !== 0 || strip.querySelector("input")) return;
    this.pointers.set(event.pointerId, { strip, x: event.clientX, from: event.clientX });
    this.dragged = this.pointers.size > 1;
  }

  onMove(event) {
    const own = this.pointers.get(event.pointerId);
    if (!own) return;
    const { strip } = own;
    if (this.pointers.size === 2) {
      const other = [...this.pointers.values()].find((each) => each !== own);
      const before = Math.abs(own.x - other.x);
      const after = Math.abs(event.clientX - other.x);
      const middle = this.instantAt((event.clientX + other.x) / 2, strip);
      own.x = event.clientX;
      if (before > DRAG_PX && after > DRAG_PX) this.zoom(before / after, middle);
      return;
    }
    if (!this.dragged && Math.abs(event.clientX - own.from) < DRAG_PX) return;
    if (!this.dragged) strip.setPointerCapture(event.pointerId);
    this.dragged = true;
    if (!this.whole) this.show(this.start - ((event.clientX - own.x) / strip.clientWidth) * this.seconds, this.seconds);
    own.x = event.clientX;
  }
}
