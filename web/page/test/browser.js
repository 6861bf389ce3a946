// The built page in Chromium, with what must not happen on it.

import { existsSync } from "node:fs";

import { chromium } from "playwright-core";

import { browserPath } from "../../test/support/browser.js";
import { serve as serveRepository } from "../../test/support/server.js";

/** WebGPU in software, and a microphone that beeps. */
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];
const ARGUMENTS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

export { browserPath };

/** Serves the repository. Returns the address of the page, and a function that ends the server. */
export async function serve() {
  if (!existsSync(new URL("../dist/index.html", import.meta.url))) throw new Error("web/page/build.sh comes first");
  const { origin, close } = await serveRepository();
  return { address: `${origin}/web/page/dist/index.html`, close };
}

/** Starts the browser, with WebGPU or without. */
export function launch({ webgpu = true } = {}) {
  return chromium.launch({ executablePath: browserPath(), args: webgpu ? [...ARGUMENTS, ...WEBGPU] : ARGUMENTS });
}

/** Opens the page, and notes faults: requests to other origins, exceptions, and errors and warnings of the console. */
export async function open(browser, address, options = {}) {
  const { origin } = new URL(address);
  const { route, ...contextOptions } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...contextOptions });
  const page = await context.newPage();
  const faults = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("data:") && !url.startsWith(`blob:${origin}`)) {
      faults.push(`request to ${url}`);
    }
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  await route?.(page);
  await page.goto(address);
  return { page, context, faults };
}

/** Waits until no result is on its way. `text` is part of the description of the recording. */
export async function settled(page, text = "") {
  await page.waitForFunction((text) => {
    const isBusy = document.getElementById("result").getAttribute("aria-busy") === "true";
    return !isBusy && document.getElementById("source").textContent.includes(text);
  }, text);
}

/** Figures of the result by their names. */
export function figures(page) {
  return page.$$eval("#figures div", (groups) =>
    Object.fromEntries(
      groups.map((group) => [
        group.querySelector("dt").textContent,
        group.querySelector("dd").textContent.replaceAll("\u202f", ""),
      ]),
    ),
  );
}
