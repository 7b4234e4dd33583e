// The page of a film that is not ready: refreshes its state every few seconds.

const POLL_MS = 3000;

async function refresh() {
  const panel = document.getElementById("waiting");
  try {
    const response = await fetch(location.href);
    const current = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("waiting");
    if (!response.ok || !current) return location.reload();
    if (current.textContent !== panel.textContent) panel.replaceChildren(...current.childNodes);
  } catch {
    // The page may be restarting.
  }
  setTimeout(refresh, POLL_MS);
}

setTimeout(refresh, POLL_MS);
