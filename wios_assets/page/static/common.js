// Helpers that several scripts use.

// The sub-path under which the page is served, empty or such as "/wios": scripts lie in its folder static.
const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const TOLERANCE_S = 0.001;

// A path of the page with its sub-path.
export function link(path) {
  return ROOT + path;
}

// An element with its class and its text.
export function element(name, className, text) {
  const created = document.createElement(name);
  if (className) created.className = className;
  if (text !== undefined) created.textContent = text;
  return created;
}

// A button with its class and text that calls `act` when it is pressed.
export function button(className, text, act) {
  const created = element("button", className, text);
  created.type = "button";
  created.addEventListener("click", act);
  return created;
}

// A face of a film as a picture of `size` pixels; an empty square where there is none.
export function chip(film, face, size) {
  if (face === null || face < 0) return element("span", "no-chip");
  const picture = element("img");
  picture.src = link(`/chip/${face}/${film}`);
  picture.alt = "";
  picture.width = picture.height = size;
  picture.loading = "lazy";
  picture.addEventListener("error", () => picture.replaceWith(element("span", "no-chip")), { once: true });
  return picture;
}

// Seconds as hh:mm:ss, the notation of the command line and of exports.
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + TOLERANCE_S));
  const two = (n) => String(n).padStart(2, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

// A share of 1 as "95 %", the notation of the command line and of exports.
export function percent(share) {
  if (share > 0 && share < 0.01) return "< 1 %";
  return share >= 0.995 && share < 1 ? "> 99 %" : `${Math.round(share * 100)} %`;
}

// Text without case and accents, to compare with what somebody types.
export function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

// Index of the last entry of sorted `values` that is at most `wanted`, -1 where there is none.
export function lastAtMost(values, wanted) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
