// Where a recording comes from: a file that is chosen or dropped, the microphone, or an example.

import { sweep, voice } from "./examples.js";
import { clock } from "./format.js";
import { Recorder } from "./recorder.js";

/** Largest file in bytes. */
const MAX_BYTES = 2 ** 30;

const element = (id) => document.getElementById(id);

/** Calls `onSource` with a function that returns a new recording: `{ name, bytes }` of a file, or
    `{ name, samples, rate }`. */
export function watchSources(onSource) {
  watchFiles(onSource);
  watchMicrophone(onSource);
  element("sweep").addEventListener("click", () => onSource(sweep));
  element("voice").addEventListener("click", () => onSource(voice));
}

function watchFiles(onSource) {
  const input = element("file");
  element("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) {
      onSource(() => read(file));
    }
    // The same file may be chosen again, after it has changed.
    input.value = "";
  });
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dragging", depth > 0);
  };
  addEventListener("dragenter", () => mark(1));
  addEventListener("dragleave", () => mark(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    const { files } = event.dataTransfer;
    onSource(() => dropped(files));
  });
}

function dropped(files) {
  if (files.length !== 1) {
    throw new Error(files.length === 0 ? "what was dropped is no file" : "drop one file, not several");
  }
  return read(files[0]);
}

async function read(file) {
  if (file.size > MAX_BYTES) {
    throw new Error(`${file.name} has ${file.size} bytes: this page reads at most ${MAX_BYTES}`);
  }
  const bytes = await file.arrayBuffer().catch((error) => {
    throw new Error(`${file.name} cannot be read: ${error.message}`);
  });
  return { name: file.name, bytes };
}

function watchMicrophone(onSource) {
  const button = element("record");
  let recorder = null;
  let isStarting = false;
  const show = (text, isPressed) => {
    button.textContent = text;
    button.setAttribute("aria-pressed", String(isPressed));
  };
  const end = () => {
    if (recorder) {
      const recording = recorder.stop();
      recorder = null;
      show("Record from the microphone", false);
      onSource(() => recording);
    }
  };
  button.addEventListener("click", async () => {
    if (recorder || isStarting) {
      end();
      return;
    }
    isStarting = true;
    try {
      recorder = await Recorder.start((seconds) => show(`Stop, ${clock(Math.floor(seconds))}`, true), end);
      show("Stop", true);
    } catch (error) {
      onSource(() => {
        throw error;
      });
    } finally {
      isStarting = false;
    }
  });
}
