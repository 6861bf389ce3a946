// The package in Chromium: the CPU, WebGPU on SwiftShader, and an audio worklet.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { browserPath, open } from "./support/browser.js";

const path = browserPath();

describe("in Chromium", { skip: path === undefined, timeout: 900_000 }, () => {
  let opened;
  before(async () => {
    opened = await open(path, "web/test/page.html");
  });
  after(() => opened?.close());

  /** Runs a check in the page, and returns what it counted. */
  async function check(name) {
    const result = await opened.page.evaluate((name) => window.check(name), name);
    assert.deepEqual(opened.problems, []);
    return result;
  }

  test("golden cases on the CPU", async () => assert.equal((await check("cpu.golden")).cases, 67));
  test("interpolated filters on the CPU", async () => assert.equal((await check("cpu.interpolated")).cases, 10));
  test("streams equal the whole", async () => assert.equal((await check("cpu.streams")).streams, 72));
  test("streams keep their place in memory", () => check("cpu.streamMemory"));
  test("integers, lengths and responses", () => check("cpu.plans"));
  test("errors", () => check("cpu.errors"));
  test("an audio worklet posts the bits of the whole", () => check("worklet.worklet"));
  test("golden cases on WebGPU", async (context) => {
    const { clips, adapter } = await check("webgpu.golden");
    assert.ok(clips > 100);
    context.diagnostic(`${clips} clips on ${adapter}`);
  });
  test("batches on WebGPU", () => check("webgpu.batches"));
  test("auto says what ran, and why", async (context) => {
    for (const [what, said] of Object.entries(await check("webgpu.auto"))) context.diagnostic(`${what}: ${said}`);
  });
  test("every kernel is a text that the browser accepts", async (context) => {
    const { kernels } = await check("webgpu.texts");
    assert.ok(kernels > 100);
    context.diagnostic(`${kernels} kernels`);
  });
  test("jobs on the page's own device", () => check("webgpu.jobs"));
  test("the page's own device is lost", () => check("webgpu.lossOfOwnDevice"));
  test("a pipeline is refused", () => check("webgpu.refusals"));
  test("the device of a batch is lost", async (context) => {
    for (const report of (await check("webgpu.lossOfDevice")).reports) context.diagnostic(report);
  });
});
