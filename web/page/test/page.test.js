// The page in Chromium: what it takes, what it shows, and what it saves.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { browserPath, figures, launch, open, serve, settled } from "./browser.js";
import { readWav, resampled } from "./oracle.js";

const DATA = fileURLToPath(new URL("../../../tests/data/", import.meta.url));

const isSkipped = browserPath() === undefined;

let server, browser;

before(async () => {
  if (!isSkipped) {
    server = await serve();
    browser = await launch();
  }
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** Runs a test on a new page, on which nothing may go wrong that the page does not say. */
function onPage(name, run, options) {
  test(name, { skip: isSkipped }, async () => {
    const { page, context, faults } = await open(browser, server.address, options);
    try {
      await run(page);
      assert.deepEqual(faults, []);
    } finally {
      await context.close();
    }
  });
}

const text = (page, id) => page.textContent(`#${id}`);

/** Chooses a file of the test data, and waits for its result. */
async function choose(page, name) {
  await page.setInputFiles("#file", DATA + name);
  await settled(page, name);
}

/** Waits until a batch has run on both. Compiling shaders for a processor takes long. */
async function compared(page) {
  const isDone = () => document.getElementById("batch-status").textContent.includes("Largest difference");
  await page.waitForFunction(isDone, null, { timeout: 120_000 });
}

async function saved(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  return { name: download.suggestedFilename(), ...readWav(await readFile(await download.path())) };
}

onPage("a WAV file is resampled as torchaudio's formula says, and saved", async (page) => {
  await page.selectOption("#preset", "default");
  await choose(page, "speech-22050.wav");
  const input = readWav(await readFile(`${DATA}speech-22050.wav`));
  const { outputs, bounds } = resampled(input.samples, 22050, 16000);
  const shown = await figures(page);
  assert.equal(shown["Samples in"].trim(), String(input.samples.length));
  assert.equal(shown["Samples out"].trim(), String(outputs.length));
  assert.match(
    await text(page, "summary"),
    /^Resampled from 22050 Hz to 16000 Hz, \d.* times real time( \(mean of \d+ runs\))?\.$/,
  );

  const file = await saved(page);
  assert.equal(file.name, "speech-22050-16000.wav");
  assert.deepEqual([file.rate, file.channels, file.bits, file.samples.length], [16000, 1, 32, outputs.length]);
  file.samples.forEach((sample, index) => {
    const difference = Math.abs(sample - outputs[index]);
    assert.ok(difference <= bounds[index], `sample ${index}: ${sample} for ${outputs[index]}`);
  });

  await page.selectOption("#format", "i16");
  const rounded = await saved(page);
  assert.deepEqual([rounded.bits, rounded.samples.length], [16, outputs.length]);
  // Dither of ±1 step, and rounding by half a step.
  rounded.samples.forEach((sample, index) => {
    assert.ok(Math.abs(sample - outputs[index]) <= 1.51 * 2 ** -15, `sample ${index}: ${sample}`);
  });
  assert.match(await text(page, "play-note"), /^Saved speech-22050-16000\.wav/);
});

onPage("recordings of several formats have their lengths, channels and mix", async (page) => {
  const frames = {
    "stereo-44100.flac": 44100,
    "speech-vorbis-22050.ogg": 22050,
    "speech-mpeg-22050.mp3": 22050,
    "speech-aac-22050.m4a": 22050,
  };
  for (const [name, rate] of Object.entries(frames)) {
    await choose(page, name);
    const shown = await figures(page);
    const [samplesIn, samplesOut] = ["Samples in", "Samples out"].map((key) => parseInt(shown[key], 10));
    assert.ok(samplesIn > rate / 2, `${name}: ${samplesIn}`);
    assert.equal(samplesOut, Math.ceil((samplesIn * 16000) / rate), name);
  }
  await choose(page, "stereo-44100.flac");
  const stereo = await saved(page);
  assert.equal(stereo.channels, 2);
  await page.selectOption("#channels", "mono");
  await settled(page);
  const mono = await saved(page);
  assert.deepEqual([mono.channels, 2 * mono.samples.length], [1, stereo.samples.length]);
  const largest = Math.max(
    ...mono.samples.map((sample, index) => {
      return Math.abs(sample - (stereo.samples[2 * index] + stereo.samples[2 * index + 1]) / 2);
    }),
  );
  assert.ok(largest < 1e-6, `the mix differs by ${largest}`);
});

onPage("both signals are played, from one to the other, and stopped", async (page) => {
  await page.click("#voice");
  await settled(page, "Voice");
  const states = () => page.$$eval("[aria-pressed=true]", (buttons) => buttons.map(({ id }) => id));
  assert.deepEqual(await states(), []);
  await page.click("#play-before");
  await page.waitForSelector("#play-before[aria-pressed=true]");
  const line = page.locator("#before + .playhead");
  await line.waitFor({ state: "visible" });
  const left = () => line.evaluate((element) => parseFloat(element.style.left));
  const start = await left();
  await page.waitForFunction(
    (start) => parseFloat(document.querySelector("#before + .playhead").style.left) > start,
    start,
  );
  await page.click("#play-after");
  await page.waitForSelector("#play-after[aria-pressed=true]");
  assert.deepEqual(await states(), ["play-after"]);
  assert.ok((await left()) > start, "the other signal goes on at the same time");
  await page.click("#play-after");
  await page.waitForSelector("#play-after[aria-pressed=false]");
  assert.deepEqual(await states(), []);
  assert.ok(await line.isHidden());
  assert.equal(await text(page, "play-error"), "");
});

onPage("what is no audio is refused in words, and the recording before stays", async (page) => {
  await settled(page, "Sweep");
  await page.setInputFiles("#file", {
    name: "notes.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("a text\n".repeat(99)),
  });
  await page.waitForFunction(() => document.getElementById("source-error").textContent !== "");
  assert.match(await text(page, "source-error"), /^notes\.txt: [a-z].*(not|no) /);
  assert.match(await text(page, "source"), /^Sweep: 48/);
  assert.ok(await page.isVisible("#play-after"));
  await page.setInputFiles("#file", { name: "empty.wav", mimeType: "audio/wav", buffer: Buffer.alloc(0) });
  await page.waitForFunction(() => document.getElementById("source-error").textContent.includes("empty.wav"));
  assert.equal(await text(page, "source-error"), "empty.wav: the file is empty");
  await page.click("#sweep");
  await page.waitForFunction(() => document.getElementById("source-error").textContent === "");
});

onPage("settings that are refused say so beside their field", async (page) => {
  await settled(page, "Sweep");
  const fill = async (id, value) => {
    await page.fill(`#${id}`, value);
    await page.press(`#${id}`, "Tab");
    await settled(page);
  };
  await page.selectOption("#rate", "");
  for (const [value, expected] of [
    ["fast", /must be a number, not “fast”/],
    ["0", /must be above 0/],
    ["-3", /must be above 0/],
    ["1e300", /./],
    ["1e8", /frames|ratio/],
  ]) {
    await fill("any-rate", value);
    const shown = (await text(page, "rate-error")) + (await text(page, "result-error"));
    assert.match(shown, expected, value);
    assert.ok(await page.isHidden("#result-body"), value);
  }
  await fill("any-rate", "12345");
  assert.equal((await figures(page))["Samples out"].trim(), "12345");
  assert.equal(await page.locator("[aria-invalid=true]").count(), 0);

  await page.selectOption("#preset", "");
  for (const [id, value] of [
    ["width", "0"],
    ["rolloff", "1.5"],
    ["beta", "-1"],
    ["beta", "much"],
  ]) {
    const good = await page.inputValue(`#${id}`);
    await fill(id, value);
    assert.notEqual(await text(page, "filter-error"), "", `${id} ${value}`);
    assert.equal(await page.getAttribute(`#${id}`, "aria-invalid"), "true", `${id} ${value}`);
    await fill(id, good);
    assert.equal(await text(page, "filter-error"), "");
    assert.ok(await page.isVisible("#result-body"));
  }
  await page.selectOption("#window", "hann");
  await settled(page);
  assert.ok(await page.isHidden("#beta"));
});

onPage("a batch runs on the CPU and on WebGPU, with the same samples", async (page) => {
  await settled(page, "Sweep");
  await page.fill("#batch-count", "20");
  await page.click("#batch-run");
  await compared(page);
  const rows = await page.$$eval("#batch-rows tr", (rows) =>
    rows.map((row) => [...row.cells].map((cell) => cell.textContent)),
  );
  assert.deepEqual(
    rows.map(([name]) => name),
    ["CPU", "WebGPU"],
  );
  assert.match(rows[1].at(-1), /swiftshader/i);
  const status = await text(page, "batch-status");
  const [, dbfs] = status.match(/\(\u2212([\d.]+) dBFS\)/);
  // 32-bit floats: rounding of a sum of some hundred products.
  assert.ok(Number(dbfs) > 110, status);
  await page.fill("#batch-count", "many");
  await page.click("#batch-run");
  await page.waitForFunction(() => document.getElementById("batch-error").textContent !== "");
  assert.equal(await text(page, "batch-error"), "the number of clips must be a whole number above 0, not “many”");
  await page.fill("#batch-count", "1000000");
  await page.click("#batch-run");
  await page.waitForFunction(() => document.getElementById("batch-error").textContent.includes("at most"));
});

test("without WebGPU, the page says so and the CPU runs alone", { skip: isSkipped }, async () => {
  const other = await launch({ webgpu: false });
  try {
    const { page, faults } = await open(other, server.address);
    await settled(page, "Sweep");
    await page.fill("#batch-count", "3");
    await page.click("#batch-run");
    await page.waitForFunction(() => document.getElementById("batch-status").textContent.includes("did not run"));
    assert.match(await text(page, "batch-status"), /WebGPU did not run \(this browser has (no WebGPU|WebGPU, but)/);
    assert.deepEqual(
      faults.filter((fault) => !fault.includes("WebGPU")),
      [],
    );
  } finally {
    await other.close();
  }
});

onPage(
  "the microphone is recorded",
  async (page) => {
    await page.click("#record");
    await page.waitForFunction(() => document.getElementById("record").textContent.includes("1"));
    await page.click("#record");
    await settled(page, "Microphone");
    assert.ok(parseInt((await figures(page))["Samples out"], 10) >= 16000);
  },
  { permissions: ["microphone"] },
);

onPage("a file is dropped", async (page) => {
  const bytes = [...(await readFile(`${DATA}speech-22050.wav`))];
  const transfer = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], "dropped.wav"));
    return transfer;
  }, bytes);
  await page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
  assert.equal(await page.locator("body.dragging").count(), 1);
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await settled(page, "dropped.wav");
  assert.equal(await page.locator("body.dragging").count(), 0);
});

onPage("the keyboard alone is enough", async (page) => {
  await settled(page, "Sweep");
  const focused = () => page.evaluate(() => document.activeElement.id);
  const tabTo = async (id) => {
    for (let presses = 0; presses < 40 && (await focused()) !== id; presses++) await page.keyboard.press("Tab");
    assert.equal(await focused(), id);
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid", `the focus is seen on ${id}`);
  };
  // The browser must know early that it shall not show its own window.
  const choosing = page.waitForEvent("filechooser");
  await tabTo("choose");
  await page.keyboard.press("Enter");
  const chooser = await choosing;
  await chooser.setFiles(`${DATA}speech-22050.wav`);
  await settled(page, "speech-22050.wav");
  await tabTo("rate");
  await page.keyboard.press("ArrowUp");
  await page.waitForFunction(() => document.getElementById("summary").textContent.includes("to 12000 Hz"));
  await settled(page);
  await tabTo("play-after");
  await page.keyboard.press("Space");
  await page.waitForSelector("#play-after[aria-pressed=true]");
  assert.equal(await focused(), "play-after");
  await page.keyboard.press("Space");
  await tabTo("save");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(download.suggestedFilename(), "speech-22050-12000.wav");
  await tabTo("batch-count");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("2");
  await page.keyboard.press("Enter");
  await compared(page);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    const options = { colorScheme, viewport: { width, height: 800 } };
    onPage(
      `${colorScheme}, ${width} pixels wide: everything fits and has labels`,
      async (page) => {
        await choose(page, "stereo-44100.flac");
        await page.fill("#batch-count", "2");
        await page.click("#batch-run");
        await compared(page);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
        const unnamed = await page.$$eval("button, input, select, canvas", (elements) =>
          elements
            .filter((element) => !(element.labels?.length || element.textContent.trim() || element.ariaLabel))
            .map(({ id }) => id),
        );
        assert.deepEqual(unnamed, []);
        const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(ground, colorScheme === "dark" ? "rgb(20, 23, 26)" : "rgb(255, 255, 255)");
        // The corner of the spectrogram above the new Nyquist frequency is empty: it has the colour of the page.
        const corner = await page.$eval("#after", (canvas) => {
          const [x, y] = [canvas.width - 40, 20];
          return canvas.getContext("2d").getImageData(x, y, 1, 1).data[0];
        });
        assert.equal(corner, colorScheme === "dark" ? 27 : 246);
      },
      options,
    );
  }
}

test("a part of the page that cannot be loaded is named", { skip: isSkipped }, async () => {
  const route = (page) => page.route("**/*_bg.wasm", (request) => request.fulfill({ status: 404 }));
  const { page, context } = await open(browser, server.address, { route });
  try {
    await page.waitForFunction(() => document.getElementById("source-error").textContent !== "");
    assert.match(await text(page, "source-error"), /^Sweep: .+/);
  } finally {
    await context.close();
  }
});

test("a worker that stops is replaced, and the page says what is lost", { skip: isSkipped }, async () => {
  // The first worker gets broken code, the next one does not: it is started before the page says anything.
  let isBroken = true;
  const stop = (request) =>
    request.fetch().then(async (response) => {
      if (!isBroken) return request.fulfill({ response });
      isBroken = false;
      const text = await response.text();
      const body = text.replace(
        "export function powers(",
        'export function powers() { throw new WebAssembly.RuntimeError("unreachable"); }\nfunction unused(',
      );
      await request.fulfill({ response, body });
    });
  const route = (page) => page.route("**/polyphase_page.js", stop);
  const { page, context, faults } = await open(browser, server.address, { route });
  try {
    await page.waitForFunction(() => document.getElementById("result-error").textContent !== "");
    assert.equal(await text(page, "result-error"), "internal error: unreachable");
    assert.equal(await text(page, "summary"), "There is no recording any more: load one again.");
    await page.click("#voice");
    await settled(page, "Voice");
    assert.equal(await text(page, "result-error"), "");
    assert.ok(await page.isVisible("#result-body"));
    // A panic is an exception with its message.
    const panic = await page.evaluate(async () => {
      const { default: load, powers } = await import("./decode/polyphase_page.js");
      await load();
      try {
        powers(new Float32Array(1), 2 ** 20, 2 ** 31);
      } catch (error) {
        return error.message;
      }
    });
    assert.match(panic, /^internal error: panicked at /);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
});
