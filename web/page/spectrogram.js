// Spectrograms as pictures: levels over time and frequency, with the same scales for two of them.

import { drawAxes, plotArea, prepare, theme, xAt, yAt } from "./plot.js";

/** Colours of the levels from 0 to 255 as bytes RGB, set by `useColors`. */
let colors = new Uint8Array(768);

/** Sets the colour map: 256 colours of three bytes. */
export function useColors(map) {
  colors = map;
}

/** Scales for several spectrograms. */
export function sharedScales(spectrograms) {
  // A recording without samples has axes, too.
  const seconds = Math.max(...spectrograms.map(({ seconds }) => seconds)) || 1;
  return {
    x: { label: "Time (s)", low: 0, high: seconds },
    y: { label: "Frequency (kHz)", low: 0, high: Math.max(...spectrograms.map(({ rate }) => rate)) / 2000 },
  };
}

/** Draws a spectrogram, and returns its plotted area in CSS pixels with the seconds that it spans. */
export function drawSpectrogram(canvas, spectrogram, { x, y }) {
  const surface = prepare(canvas);
  if (!surface) {
    return null;
  }
  const { context, scale } = surface;
  const area = plotArea(surface);
  context.fillStyle = theme().panel;
  context.fillRect(area.left, area.top, area.width, area.height);
  const width = Math.round(xAt(area, x, spectrogram.seconds) * scale) - Math.round(area.left * scale);
  const top = Math.round(yAt(area, y, spectrogram.rate / 2000) * scale);
  const height = Math.round((area.top + area.height) * scale) - top;
  if (width > 0 && height > 0) {
    context.putImageData(heatMap(spectrogram, width, height), Math.round(area.left * scale), top);
  }
  drawAxes(context, area, x, y);
  return { ...area, seconds: x.high };
}

/** Picture of the levels, of this size in pixels of the screen. A pixel shows the highest level of its bins. */
function heatMap({ levels, columns, rows }, width, height) {
  const image = new ImageData(width, height);
  const palette = new Uint32Array(256);
  const bytes = new Uint8Array(palette.buffer);
  for (let level = 0; level < 256; level++) {
    bytes.set([colors[3 * level], colors[3 * level + 1], colors[3 * level + 2], 255], 4 * level);
  }
  const pixels = new Uint32Array(image.data.buffer);
  // A bin extends by half its width to each side: the first row begins at bin 0, the last one ends at bin rows − 1.
  const bin = (edge) => Math.min(rows - 1, Math.max(0, Math.round((edge / height) * (rows - 1))));
  for (let y = 0; y < height; y++) {
    const low = bin(height - 1 - y);
    const high = Math.max(low + 1, bin(height - y));
    for (let x = 0; x < width; x++) {
      const first = Math.floor((x / width) * columns) * rows;
      let level = 0;
      for (let row = low; row < high; row++) {
        level = Math.max(level, levels[first + row]);
      }
      pixels[y * width + x] = palette[level];
    }
  }
  return image;
}

/** Draws the colours with their levels. */
export function drawColorBar(canvas, lowest) {
  const surface = prepare(canvas);
  if (!surface) {
    return;
  }
  const { context, width } = surface;
  const { font, soft } = theme();
  const [left, right] = [16, width - 36];
  for (let x = left; x < right; x++) {
    const level = Math.floor((255 * (x - left)) / (right - left));
    context.fillStyle = `rgb(${colors.slice(3 * level, 3 * level + 3).join(" ")})`;
    context.fillRect(x, 4, 1, 10);
  }
  context.font = font;
  context.fillStyle = soft;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const part of [0, 1 / 3, 2 / 3, 1]) {
    const value = Math.round(lowest * (1 - part));
    const label = value === 0 ? "0 dBFS" : `\u2212${-value}`;
    context.fillText(label, left + part * (right - left), 18);
  }
}
