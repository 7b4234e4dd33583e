// The form that adds a film: makes the request, uploads the file if it is on this computer, and opens the request's page.

import { link } from "./common.js";

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

function upload(address, file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      field("sent").value = event.loaded / file.size;
      field("share").textContent = `${Math.floor((100 * event.loaded) / file.size)} % sent`;
    });
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve(JSON.parse(request.responseText));
      let reason = `The page answered with status ${request.status}.`;
      try {
        reason = JSON.parse(request.responseText).reason;
      } catch {}
      reject(new Error(reason));
    });
    request.addEventListener("error", () => reject(new Error("The upload was cut off; send the film again.")));
    request.open("PUT", address);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.send(file);
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
    const headers = { "content-type": "application/json" };
    const response = await fetch(link("/api/requests"), { method: "POST", headers, body: JSON.stringify(film) });
    if (!response.ok) return refuse(await reasonOf(response));
    let request = await response.json();
    if (file) {
      field("sending").hidden = false;
      request = await upload(request.upload, file);
    }
    location.assign(link(`/request/${request.id}`));
  } catch (error) {
    refuse(error.message);
  }
});
