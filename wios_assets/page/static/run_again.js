// The button "Try again" beside a failed film: asks for its run, then shows the film's new state.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-run-again]");
  if (!button) return;
  const status = button.parentElement.querySelector("[role=status]");
  button.disabled = true;
  try {
    const response = await fetch(button.dataset.runAgain, { method: "POST" });
    if (response.ok) return location.reload();
    status.textContent = (await response.json()).reason;
  } catch {
    status.textContent = "The page does not answer; try again in a moment.";
  }
  button.disabled = false;
});
