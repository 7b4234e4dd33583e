// The form that brings a film: announces it, sends it where it is a file of this computer, and goes to its own page.

const form = document.getElementById("bring");
const field = (name) => document.getElementById(name);
const refusal = field("refusal");
const said = (name) => field(name).value.trim() || undefined;

function refuse(reason) {
  refusal.textContent = reason;
  refusal.hidden = false;
  field("sending").hidden = true;
  form.querySelector("button").disabled = false;
}

async function reasonOf(answer) {
  const body = await answer.json().catch(() => ({}));
  return body.reason || `The page answered ${answer.status}.`;
}

function send(address, file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      field("sent").value = event.loaded / file.size;
      field("share").textContent = `${Math.floor((100 * event.loaded) / file.size)} % sent`;
    });
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve(JSON.parse(request.responseText));
      let reason = `The page answered ${request.status}.`;
      try {
        reason = JSON.parse(request.responseText).reason;
      } catch {}
      reject(new Error(reason));
    });
    request.addEventListener("error", () => reject(new Error("The film was cut off; send it again.")));
    request.open("PUT", address);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.send(file);
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  refusal.hidden = true;
  const file = field("file").files[0];
  const cast = (said("cast") || "").split(";").map((name) => name.trim()).filter(Boolean);
  const wanted = {
    ...(file ? { file: file.name, size: file.size } : {}),
    path: said("path"),
    name: said("name"),
    title: said("title"),
    tconst: said("tconst"),
    gallery: said("gallery"),
    cast: cast.length ? cast : undefined,
  };
  if (!file && !wanted.path) return refuse("Choose a file, or name one that lies in the inbox.");
  form.querySelector("button").disabled = true;
  try {
    const headers = { "content-type": "application/json" };
    const answer = await fetch("/api/requests", { method: "POST", headers, body: JSON.stringify(wanted) });
    if (!answer.ok) return refuse(await reasonOf(answer));
    let asked = await answer.json();
    if (file) {
      field("sending").hidden = false;
      asked = await send(asked.upload, file);
    }
    location.assign(`/request/${asked.id}`);
  } catch (error) {
    refuse(error.message);
  }
});
