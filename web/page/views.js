// The pictures of the result. They are drawn again when their size or the colours of the page change.

import { count, signal } from "./format.js";
import { drawAxes, drawCurve, drawMarker, plotArea, prepare } from "./plot.js";
import { drawColorBar, drawSpectrogram, sharedScales } from "./spectrogram.js";

/** Levels of the spectrograms, and gains of the response, in dB. */
const LOWEST_LEVEL = -120;
const GAINS = { label: "Gain (dB)", low: -160, high: 40 };

const element = (id) => document.getElementById(id);

/** `{ before, after }` with an area for each, while they are drawn. */
let areas = {};
let spectrograms = null;
let response = null;

/** Draws the pictures again when that is needed. */
export function watchViews() {
  new ResizeObserver(draw).observe(element("result-body"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/** Shows the spectrograms of two signals. */
export function showSpectrograms(both, { input, output }) {
  spectrograms = both;
  for (const [id, name, shape] of [
    ["before", "Before", input],
    ["after", "After", output],
  ]) {
    element(`${id}-caption`).textContent = `${name}: ${signal(shape)}`;
    element(id).setAttribute("aria-label", `Spectrogram ${name.toLowerCase()} resampling: ${signal(shape)}`);
  }
  draw();
}

/** Shows the response of the filter. */
export function showResponse(newResponse, taps) {
  response = newResponse;
  const range = `0 to ${Math.round(response.highest)} Hz`;
  element("response").setAttribute("aria-label", `Gain of the filter of ${count(taps, "tap")} from ${range}`);
  draw();
}

/** Shows the position of what plays in both spectrograms; without a position, none. */
export function showPosition(position) {
  for (const id of ["before", "after"]) {
    const line = element(id).nextElementSibling;
    const area = areas[id];
    line.hidden = position === undefined || !area || position > area.seconds;
    if (!line.hidden) {
      const { left, top, width, height, seconds } = area;
      line.style.left = `${left + (width * position) / seconds}px`;
      line.style.top = `${top}px`;
      line.style.height = `${height}px`;
    }
  }
}

function draw() {
  if (spectrograms) {
    const scales = sharedScales([spectrograms.before, spectrograms.after]);
    for (const id of ["before", "after"]) {
      areas[id] = drawSpectrogram(element(id), spectrograms[id], scales);
    }
    drawColorBar(element("color-bar"), LOWEST_LEVEL);
  }
  if (response) {
    drawResponse(element("response"));
  }
}

function drawResponse(canvas) {
  const surface = prepare(canvas);
  if (!surface) {
    return;
  }
  const { context } = surface;
  const area = plotArea(surface);
  const { gains, highest, nyquists } = response;
  const x = { label: "Frequency (kHz)", low: 0, high: highest / 1000 };
  drawAxes(context, area, x, GAINS, { grid: true });
  const [before, after] = nyquists;
  const markers =
    before === after
      ? [[before, "Nyquist"]]
      : [
          [before, "input Nyquist"],
          [after, "output Nyquist"],
        ];
  markers
    .filter(([frequency]) => frequency < highest)
    .forEach(([frequency, label], row) => drawMarker(context, area, x, frequency / 1000, label, row));
  const points = Array.from(gains, (gain, index) => [(x.high * index) / (gains.length - 1), gain]);
  drawCurve(context, area, x, GAINS, points);
}
