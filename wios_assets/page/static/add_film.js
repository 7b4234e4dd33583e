// The form that adds a film: makes the request, uploads the file if it is on this computer, and opens the request's page.

import { link, percent } from "./common.js";
import { begunUpload, cancelUpload, sendFilm } from "./upload.js";

const form = document.getElementById("bring");
const field = (name) => document.getElementById(name);
const refusal = field("refusal");
const valueOf = (name) => field(name).value.trim() || undefined;

function refuse(reason) {
  refusal.textContent = reason;
  refusal.hidden = false;
  field("sending").hidden = true;
  form.querySelector("button").disabled = false;
}

async function reasonOf(response) {
  const body = await response.json().catch(() => ({}));
  return body.reason || `The page answered with status ${response.status}.`;
}

let sending = null;

function showProgress(file, bytes) {
  if (bytes === null) {
    field("share").textContent = "No connection; going on as soon as there is one …";
    return;
  }
  field("sent").value = bytes / file.size;
  field("share").textContent = `${percent(bytes / file.size)} sent`;
}

async function upload(id, file) {
  sending = { id, file, aborting: new AbortController() };
  field("sending").hidden = false;
  await sendFilm(id, file, (bytes) => showProgress(file, bytes), sending.aborting.signal);
}

field("cancel").addEventListener("click", async () => {
  if (!sending) return;
  sending.aborting.abort();
  await cancelUpload(sending.id, sending.file);
  sending = null;
  refuse("The upload was cancelled.");
});

// A film that is dropped on the form is chosen.
for (const name of ["dragenter", "dragover"]) {
  form.addEventListener(name, (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    form.classList.add("dropping");
  });
}
form.addEventListener("dragleave", (event) => {
  if (!form.contains(event.relatedTarget)) form.classList.remove("dropping");
});
form.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("dropping");
  if (!event.dataTransfer.files.length) return;
  field("file").files = event.dataTransfer.files;
  field("path").value = "";
});

for (const button of document.querySelectorAll("[data-inbox-path]")) {
  button.addEventListener("click", () => {
    field("path").value = button.dataset.inboxPath;
    field("file").value = "";
    field("cast").focus();
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  refusal.hidden = true;
  const file = field("file").files[0];
  const cast = (valueOf("cast") || "").split(";").map((name) => name.trim()).filter(Boolean);
  const film = {
    ...(file ? { file: file.name, size: file.size } : {}),
    path: valueOf("path"),
    name: valueOf("name"),
    title: valueOf("title"),
    tconst: valueOf("tconst"),
    gallery: valueOf("gallery"),
    cast: cast.length ? cast : undefined,
  };
  if (!file && !film.path) return refuse("Choose a file, or name one in the inbox.");
  form.querySelector("button").disabled = true;
  try {
    const begun = file ? await begunUpload(file) : null;
    if (begun) {
      await upload(begun, file);
      return location.assign(link(`/request/${begun}`));
    }
    const headers = { "content-type": "application/json" };
    const response = await fetch(link("/api/requests"), { method: "POST", headers, body: JSON.stringify(film) });
    if (!response.ok) return refuse(await reasonOf(response));
    const request = await response.json();
    if (file) await upload(request.id, file);
    location.assign(link(`/request/${request.id}`));
  } catch (error) {
    if (error.name !== "AbortError") refuse(error.message);
  }
});
