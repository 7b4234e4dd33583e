// Sends a film in parts by the tus protocol 1.0: a connection that breaks off goes on where it ended, and so does a page
// that was closed, once the same file is chosen again.

import { link } from "./common.js";

const PART_BYTES = 32 * 1024 * 1024;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
const TUS = { "tus-resumable": "1.0.0" };

const keyOf = (file) => `wios-upload:${file.name}:${file.size}:${file.lastModified}`;

// The id of an upload of this file that was begun and can go on; null where there is none.
export async function begunUpload(file) {
  const id = remembered(file);
  if (!id) return null;
  const state = await fetch(link(`/api/uploads/${id}`), { method: "HEAD", headers: TUS }).catch(() => null);
  if (state && state.ok) return id;
  forget(file);
  return null;
}

// Sends a file as the upload `id`; `progress` is called with bytes sent, and with null while a connection is waited for.
// Rejects with an Error whose message is the server's reason, or with an AbortError.
export async function sendFilm(id, file, progress, signal) {
  remember(file, id);
  const address = link(`/api/uploads/${id}`);
  let pause = FIRST_PAUSE_MS;
  let offset = await offsetOf(address);
  while (offset < file.size) {
    try {
      offset = await sendPart(address, file, offset, progress, signal);
      pause = FIRST_PAUSE_MS;
    } catch (error) {
      if (error.name === "AbortError" || error.refused) {
        forget(file);
        throw error;
      }
      progress(null);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      offset = await offsetOf(address).catch((failed) => {
        if (failed.refused) throw failed;
        return offset;
      });
    }
    if (signal.aborted) throw new DOMException("cancelled", "AbortError");
  }
  forget(file);
}

// Gives an upload up; what was received of it is removed.
export async function cancelUpload(id, file) {
  forget(file);
  await fetch(link(`/api/uploads/${id}`), { method: "DELETE", headers: TUS }).catch(() => {});
}

async function offsetOf(address) {
  const response = await fetch(address, { method: "HEAD", headers: TUS });
  if (!response.ok) throw refusal("The upload was given up; send the film again.");
  return Number(response.headers.get("upload-offset"));
}

function sendPart(address, file, offset, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort, { once: true });
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    request.upload.addEventListener("progress", (event) => progress(offset + event.loaded));
    request.addEventListener("load", () => {
      if (request.status === 204) return resolve(Number(request.getResponseHeader("upload-offset")));
      // Another connection may still be open, or the offset be another one: ask for it and go on.
      if (request.status === 409) return reject(new Error(request.responseText));
      reject(refusal(request.responseText || `The page answered with status ${request.status}.`));
    });
    request.addEventListener("error", () => reject(new Error("cut off")));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    request.open("PATCH", address);
    request.setRequestHeader("tus-resumable", "1.0.0");
    request.setRequestHeader("upload-offset", String(offset));
    request.setRequestHeader("content-type", "application/offset+octet-stream");
    request.send(file.slice(offset, offset + PART_BYTES));
  });
}

function refusal(reason) {
  const error = new Error(reason);
  error.refused = true;
  return error;
}

// A browser may forbid the page to keep anything.
function remembered(file) {
  try {
    return localStorage.getItem(keyOf(file));
  } catch {
    return null;
  }
}

function remember(file, id) {
  try {
    localStorage.setItem(keyOf(file), id);
  } catch {}
}

function forget(file) {
  try {
    localStorage.removeItem(keyOf(file));
  } catch {}
}
