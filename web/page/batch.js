// The batch of clips on WebGPU and on the CPU, side by side.

import { count, digits, duration } from "./format.js";

/** Backends in the order in which they run, and their names. */
const BACKENDS = [
  ["cpu", "CPU"],
  ["gpu", "WebGPU"],
];

const element = (id) => document.getElementById(id);

/** Runs a batch when its form is submitted. `readJob` returns the rates and the filter, or null if they are refused. */
export function watchBatch(engine, readJob) {
  element("batch").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = element("batch-run");
    if (button.getAttribute("aria-disabled") === "true") {
      return;
    }
    // A disabled button would lose the focus.
    button.setAttribute("aria-disabled", "true");
    element("batch-error").textContent = "";
    try {
      await run(engine, readJob);
    } catch (error) {
      element("batch-status").textContent = "";
      element("batch-error").textContent = error.message;
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}

async function run(engine, readJob) {
  const clips = readNumber("batch-count", "the number of clips", Number.isInteger, "a whole number above 0");
  const seconds = readNumber(
    "batch-seconds",
    "the length of the clips",
    Number.isFinite,
    "a number of seconds above 0",
  );
  const job = readJob();
  if (!job) {
    throw new Error("there is no recording yet, or the settings above are refused");
  }
  const say = (text) => (element("batch-status").textContent = text);
  element("batch-results").hidden = true;
  element("batch-rows").replaceChildren();
  say("Making clips…");
  const made = await engine.call("makeBatch", { count: clips, seconds, ...job });
  const results = {};
  for (const [backend, name] of BACKENDS) {
    say(`Running on ${name === "CPU" ? "the CPU" : name}…`);
    const result = await engine.call("runBatch", { backend }).catch((error) => ({ error }));
    results[backend] = result;
    element("batch-rows").append(row(name, result));
    element("batch-results").hidden = false;
  }
  say(await summary(engine, results, `${count(clips, "clip")}, ${digits(made.seconds)} s in all`));
}

async function summary(engine, { cpu, gpu }, what) {
  const failed = cpu.error ?? gpu.error;
  if (failed) {
    const where = cpu.error ? "the CPU" : "WebGPU";
    return `${what}: no comparison, since ${where} did not run (${failed.message}).`;
  }
  const { difference } = await engine.call("compareBatch", {});
  const decibels = difference > 0 ? ` (${digits(20 * Math.log10(difference))} dBFS)` : "";
  const factor = cpu.best / gpu.best;
  const faster =
    factor >= 1 ? `WebGPU is ${digits(factor)} times as fast` : `the CPU is ${digits(1 / factor)} times as fast`;
  return `${what}: ${faster}. Largest difference of a sample: ${exponent(difference)}${decibels}.`;
}

function row(name, result) {
  const cells = result.error
    ? ["–", "–", "–", result.error.message]
    : [duration(result.first), duration(result.best), digits(result.realTime), what(result)];
  const row = document.createElement("tr");
  const header = document.createElement("th");
  header.scope = "row";
  header.textContent = name;
  row.append(header, ...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return row;
}

/** What ran, with the adapter unless that is said already. */
function what({ ran, adapter }) {
  return adapter && !ran.includes(adapter) ? `${adapter}: ${ran}` : ran;
}

/** A number as a product with a power of ten. */
function exponent(value) {
  if (value === 0) {
    return "0";
  }
  const [factor, power] = value.toExponential(1).split("e");
  const raised = power
    .replace("+", "")
    .replace("-", "\u207b")
    .replace(/\d/g, (digit) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[digit]);
  return `${factor}\u2009\u00b7\u200910${raised}`;
}

function readNumber(id, name, isKind, expected) {
  const field = element(id);
  const text = field.value.trim();
  const value = Number(text);
  const isRefused = text === "" || !isKind(value) || value <= 0;
  field.toggleAttribute("aria-invalid", false);
  if (isRefused) {
    field.setAttribute("aria-invalid", "true");
    throw new Error(`${name} must be ${expected}, not \u201c${text}\u201d`);
  }
  return value;
}
