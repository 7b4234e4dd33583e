// What the video of a film needs around it: captions out of its metadata track, a small copy where it cannot be played.

let captions = null;

// The film's metadata track says who is on screen in JSON; its cues become captions, for the full screen.
export function readTrack(video) {
  const source = document.getElementById("names");
  if (!source) return;
  source.addEventListener("load", () => {
    captions = video.addTextTrack("captions", "Who is on screen", "en");
    captions.mode = "hidden";
    for (const cue of source.track.cues) {
      const people = JSON.parse(cue.text).filter((person) => person.kind === "cast");
      if (!people.length) continue;
      const said = people.map((person) => (person.character ? `${person.actor} (${person.character})` : person.actor));
      captions.addCue(new VTTCue(cue.startTime, cue.endTime, escapeCue(said.join(", "))));
    }
  });
  source.track.mode = "hidden";
}

function escapeCue(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

let previewAsked = false;

// The browser cannot play the film's own file: have a small copy made, and take that.
async function takePreview(video, key, instant) {
  const notice = document.getElementById("video-notice");
  notice.hidden = false;
  if (previewAsked) {
    notice.textContent = "This browser plays neither the film nor its small copy. Times can still be asked about below.";
    return;
  }
  previewAsked = true;
  const address = `/preview/${key}`;
  for (;;) {
    const answer = await fetch(address, { method: "POST" });
    const preview = answer.ok ? await answer.json() : { state: "failed", reason: `it answers ${answer.status}` };
    if (preview.state === "ready") break;
    if (preview.state === "failed") {
      notice.textContent = `This browser cannot play the film, and no small copy can be made: ${preview.reason}`;
      return;
    }
    const share = preview.state === "making" ? `: ${Math.floor(preview.share * 100)} %` : "";
    notice.textContent = `This browser cannot play the film itself; a small copy is being made${share}`;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  notice.hidden = true;
  const from = instant();
  video.addEventListener("loadedmetadata", () => (video.currentTime = from), { once: true });
  video.src = address;
}

// Have a small copy taken where the browser cannot play the film; `instant` says where it stands, in seconds.
export function keepPlayable(video, key, instant) {
  const take = () => takePreview(video, key, instant);
  video.addEventListener("error", take);
  // Where only the sound can be played there is no error.
  const look = () => video.videoWidth === 0 && take();
  video.addEventListener("loadedmetadata", look);
  if (video.error) take();
  else if (video.readyState > 0) look();
}

export function turnCaptions() {
  if (captions) captions.mode = captions.mode === "showing" ? "hidden" : "showing";
}
