// Buttons that fold and unfold the form after them, where the page shows such buttons: on phones.

for (const button of document.querySelectorAll(".fold-button")) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
  });
}
