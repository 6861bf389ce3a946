// The page: takes a recording, resamples it with the settings, and shows the result.

import { watchBatch } from "./batch.js";
import { Engine } from "./engine.js";
import { sweep } from "./examples.js";
import { count, digits, duration, grouped, signal } from "./format.js";
import { Player } from "./player.js";
import { readSettings, showLibraryError, watchSettings } from "./settings.js";
import { watchSources } from "./source.js";
import { useColors } from "./spectrogram.js";
import { showPosition, showResponse, showSpectrograms, watchViews } from "./views.js";

const element = (id) => document.getElementById(id);
const say = (id, text) => (element(id).textContent = text);

const CORRECT_FIRST = "The settings must be corrected first.";
const LOST = "There is no recording any more: load one again.";

const engine = new Engine(() => forget());
const player = new Player(showPlaying);

/** Name and shape of the recording; null if there is none. */
let recording = null;
/** What resampling it gave; null if it has not been resampled with the settings as they are. */
let result = null;

/** Tasks run one after another, since they share the recording of the worker. */
let tasks = Promise.resolve();
/** Number of tasks to come that change the result. */
let changes = 0;
let isUpdateDue = false;

function enqueue(task) {
  tasks = tasks.then(task).catch((error) => say("result-error", error.message));
}

function enqueueChange(task) {
  const add = (number) => {
    changes += number;
    element("result").setAttribute("aria-busy", String(changes > 0));
  };
  add(1);
  enqueue(() => task().finally(() => add(-1)));
}

/** Resamples after the tasks so far. Several changes of the settings are followed by one update. */
function requestUpdate() {
  if (!isUpdateDue) {
    isUpdateDue = true;
    enqueueChange(update);
  }
}

/** Loads the recording that `source` returns, and resamples it. */
async function load(source) {
  player.stop();
  say("source-error", "");
  let name = "The recording";
  try {
    const { name: newName, bytes, samples, rate } = await source();
    name = newName;
    say("source", `Reading ${name}…`);
    const shape = bytes
      ? await engine.call("open", { bytes, name }, [bytes])
      : await engine.call("take", { samples, rate }, [samples.buffer]);
    recording = { ...shape, name };
    say("source", describe(recording));
    requestUpdate();
  } catch (error) {
    // The worker keeps the recording before, unless it was lost.
    say("source", recording ? describe(recording) : "");
    say("source-error", `${name}: ${error.message}`);
  }
}

function describe({ name, warnings, ms, ...shape }) {
  const decoded = ms === undefined ? "" : `, decoded in ${duration(ms)}`;
  return [`${name}: ${signal(shape)}${decoded}`, ...(warnings ? warnings.split("\n") : [])].join("\n");
}

/** Resamples the recording with the settings, and shows what came of it. */
async function update() {
  isUpdateDue = false;
  player.stop();
  const settings = readSettings();
  result = null;
  say("result-error", "");
  if (!recording || !settings) {
    show(recording ? CORRECT_FIRST : "There is no recording yet.");
    return;
  }
  try {
    const resampled = await engine.call("resample", settings);
    result = resampled;
    showFigures(result);
    const mean = result.runs > 1 ? ` (mean of ${result.runs} runs)` : "";
    show(
      `Resampled from ${result.input.rate} Hz to ${result.output.rate} Hz, ${digits(result.realTime)} times real time${mean}.`,
    );
    await updateSpectrograms();
    showResponse(await engine.call("response"), result.taps);
  } catch (error) {
    result = null;
    const isShown = showLibraryError(error.message);
    show(isShown ? CORRECT_FIRST : recording ? "" : LOST);
    say("result-error", isShown ? "" : error.message);
  }
}

async function updateSpectrograms() {
  if (result) {
    const segmentMs = Number(element("segment").value);
    showSpectrograms(await engine.call("spectrograms", { segmentMs }), result);
  }
}

/** Shows a sentence about the result, and the result if there is one. */
function show(sentence) {
  say("summary", sentence);
  say("play-note", "");
  say("play-error", "");
  element("result-body").hidden = !result;
}

function showFigures({ input, output, taps, ms, designMs }) {
  result.realTime = (1000 * input.frames) / input.rate / ms;
  const figures = [
    ["Samples in", grouped(input.frames)],
    ["Samples out", grouped(output.frames)],
    ["Taps", grouped(taps)],
    ["Resampled in", duration(ms)],
    ["Times real time", digits(result.realTime)],
    ["Filter made in", duration(designMs)],
  ];
  element("figures").replaceChildren(
    ...figures.map(([name, value]) => {
      const [group, term, definition] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
      term.textContent = name;
      definition.textContent = value;
      group.append(term, definition);
      return group;
    }),
  );
}

/** Plays a signal, or stops it if it plays. */
async function play(which) {
  say("play-error", "");
  if (player.playing === which || !result) {
    player.stop();
    return;
  }
  try {
    await player.play(which, await engine.call("channels", { which }));
  } catch (error) {
    player.stop();
    say("play-error", error.message);
  }
}

function showPlaying(name) {
  for (const which of ["before", "after"]) {
    const button = element(`play-${which}`);
    button.setAttribute("aria-pressed", String(name === which));
    button.textContent = `${name === which ? "Stop" : "Play"} ${which}`;
  }
  const follow = () => {
    showPosition(player.playing ? player.position : undefined);
    if (player.playing) {
      requestAnimationFrame(follow);
    }
  };
  follow();
}

/** Gives the result to the browser as a file to save. */
async function save() {
  say("play-error", "");
  say("play-note", "");
  if (!result) {
    return;
  }
  try {
    const { bytes, clipped } = await engine.call("wav", { format: element("format").value });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], { type: "audio/wav" }));
    link.download = `${recording.name.replace(/\.[^.]*$/, "")}-${result.output.rate}.wav`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    const lost =
      clipped > 0 ? ` ${count(clipped, "sample")} beyond full scale ${clipped === 1 ? "was" : "were"} clipped.` : "";
    say("play-note", `Saved ${link.download}, ${grouped(bytes.length)} bytes.${lost}`);
  } catch (error) {
    say("play-error", error.message);
  }
}

/** The worker has lost the recording. */
function forget() {
  recording = result = null;
  player.stop();
  say("source", "");
  show(LOST);
}

/** Rates and filter of a batch; null if there is no recording, or the settings are refused. */
function batchJob() {
  const settings = readSettings();
  return recording && settings && { origFreq: recording.rate, newFreq: settings.newFreq, options: settings.options };
}

watchSettings(requestUpdate);
watchSources((source) => enqueueChange(() => load(source)));
watchViews();
watchBatch(engine, batchJob);
for (const which of ["before", "after"]) {
  element(`play-${which}`).addEventListener("click", () => {
    player.wake();
    enqueue(() => play(which));
  });
}
element("save").addEventListener("click", () => enqueue(save));
element("segment").addEventListener("change", () => enqueue(updateSpectrograms));
enqueue(async () => useColors(await engine.call("palette")));
enqueueChange(() => load(sweep));
