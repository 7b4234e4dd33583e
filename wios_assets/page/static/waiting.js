// A film on its way: what is known of it, anew every few seconds, until it can be watched.

const EVERY_MS = 3000;

async function look() {
  const panel = document.getElementById("waiting");
  try {
    const answer = await fetch(location.href);
    const read = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("waiting");
    if (!answer.ok || !read) return location.reload();
    if (read.textContent !== panel.textContent) panel.replaceChildren(...read.childNodes);
  } catch {
    // The page may be starting anew.
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
