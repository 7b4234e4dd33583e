// Playing a film: captions from its metadata track, and a preview where the browser cannot play the video.

import { link, percent } from "./common.js";

const POLL_MS = 1000;
let captions = null;

// The cues of the metadata track list the people on screen as JSON; they become captions, for full screen.
export function loadCaptions(video) {
  const source = document.getElementById("names");
  if (!source) return;
  source.addEventListener("load", () => {
    captions = video.addTextTrack("captions", "Who is on screen", "en");
    captions.mode = "hidden";
    for (const cue of source.track.cues) {
      const people = JSON.parse(cue.text).filter((person) => person.kind === "cast");
      if (!people.length) continue;
      const names = people.map((person) => (person.character ? `${person.actor} (${person.character})` : person.actor));
      captions.addCue(new VTTCue(cue.startTime, cue.endTime, escapeCue(names.join(", "))));
    }
  });
  source.track.mode = "hidden";
}

export function toggleCaptions() {
  if (captions) captions.mode = captions.mode === "showing" ? "hidden" : "showing";
}

function escapeCue(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

let previewRequested = false;

// Requests a preview, waits until it is made, and plays it.
async function playPreview(video, key, currentTime) {
  const notice = document.getElementById("video-notice");
  notice.hidden = false;
  if (previewRequested) {
    notice.textContent = "This browser can play neither the film nor its preview. The timeline below still works.";
    return;
  }
  previewRequested = true;
  const address = link(`/preview/${key}`);
  for (;;) {
    const response = await fetch(address, { method: "POST" });
    const failed = { state: "failed", reason: `the page answered with status ${response.status}` };
    const preview = response.ok ? await response.json() : failed;
    if (preview.state === "ready") break;
    if (preview.state === "failed") {
      notice.textContent = `This browser cannot play the film, and no preview can be made: ${preview.reason}`;
      return;
    }
    const share = preview.state === "making" ? `: ${percent(preview.share)}` : "";
    notice.textContent = `This browser cannot play the film; a preview is being made${share}`;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  notice.hidden = true;
  const start = currentTime();
  video.addEventListener("loadedmetadata", () => (video.currentTime = start), { once: true });
  video.src = address;
}

// Switches to a preview if the browser cannot play the film; `currentTime` returns the position in seconds.
export function usePreviewIfNeeded(video, key, currentTime) {
  const play = () => playPreview(video, key, currentTime);
  video.addEventListener("error", play);
  // If only the sound can be played, there is no error.
  const check = () => video.videoWidth === 0 && play();
  video.addEventListener("loadedmetadata", check);
  if (video.error) play();
  else if (video.readyState > 0) check();
}
