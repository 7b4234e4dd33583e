// A request's page: follows the film on its way and ends on its page.

const LOOK_EVERY_MS = 1000;
const root = document.getElementById("request");
const element = (id) => document.getElementById(id);

function show(entry) {
  root.dataset.state = entry.state;
  for (const step of root.querySelectorAll(".way li")) {
    if (step.dataset.state === entry.state) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  element("state").textContent = entry.state;
  element("state").classList.toggle("failed", entry.state === "failed");
  const left = entry.left_s === null ? "" : `, ${Math.ceil(entry.left_s)} s left`;
  element("said").textContent =
    entry.share === null || entry.state === "failed" ? "" : `${Math.floor(100 * entry.share)} %${left}`;
  element("reason").hidden = !entry.reason;
  element("reason").textContent = entry.reason || "";
}

async function follow() {
  for (;;) {
    const answer = await fetch(root.dataset.source).catch(() => null);
    if (answer && answer.ok) {
      const entry = await answer.json();
      show(entry);
      if (entry.state === "ready") return location.replace(entry.page);
      if (entry.state === "failed") return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

follow();
