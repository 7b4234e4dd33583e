// The toast: what was decided just now, always in sight, with its undo.

const toast = document.getElementById("toast");
const text = document.getElementById("toast-text");
const undo = document.getElementById("toast-undo");
let act = null;

document.getElementById("toast-close").addEventListener("click", () => (toast.hidden = true));
undo.addEventListener("click", undoLast);

// Shows a sentence; `undoing` takes back what it tells, where that can be taken back.
export function showToast(sentence, undoing = null) {
  text.textContent = sentence;
  act = undoing;
  undo.hidden = undoing === null;
  toast.hidden = false;
}

// Adds a sentence to the one shown, if that is still `sentence`.
export function addToToast(sentence, more) {
  if (!toast.hidden && text.textContent === sentence) text.textContent = `${sentence} ${more}`;
}

// Takes back what the toast tells; whether there was anything.
export function undoLast() {
  if (act === null || toast.hidden) return false;
  const undoing = act;
  act = null;
  undo.hidden = true;
  undoing();
  return true;
}
