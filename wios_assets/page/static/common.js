// Helpers that several scripts use.

// The sub-path under which the page is served, empty or such as "/wios": scripts lie in its folder static.
const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

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

// A probability in thousandths as text; empty where there is none.
export function percent(thousandths) {
  if (thousandths < 0) return "";
  return thousandths >= 995 ? "> 99 %" : `${Math.round(thousandths / 10)} %`;
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
