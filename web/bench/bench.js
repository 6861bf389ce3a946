// Speed and quality in Chromium, beside OfflineAudioContext and libsamplerate-js: `node bench/bench.js`, after
// `./build.sh` and `npm ci`. Prints a table.

import { cpus } from "node:os";

import { browserPath, open } from "../test/support/browser.js";

const path = browserPath();
if (path) {
  const { page, browser, close } = await open(path, "web/bench/page.html");
  const date = new Date().toISOString().slice(0, 10);
  console.log(`${cpus()[0].model}, Chromium ${browser.version()}, ${date}: 10 s of tones, one channel, float32\n`);
  console.log("| Hz | resampler | ms | noise, images and aliases, dB | gain up to 0.85, ± dB |\n|---|---|---|---|---|");
  for (const [origFreq, newFreq] of [[48_000, 44_100], [44_100, 16_000], [48_000, 16_000]]) {
    const results = await page.evaluate(([from, to]) => window.measure(from, to), [origFreq, newFreq]);
    for (const { name, milliseconds, db, deviation } of results) {
      const figures = [milliseconds.toFixed(1), db.toFixed(0), deviation.toFixed(3)];
      console.log(`| ${origFreq}→${newFreq} | ${name} | ${figures.join(" | ")} |`);
    }
  }
  await close();
}
