// Chromium, with WebGPU in software.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { chromium } from "playwright-core";

import { serve } from "./server.js";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const ARGUMENTS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

/** Path of the browser; undefined if there is none, unless POLYPHASE_REQUIRE_BROWSER is set. */
export function browserPath() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  if (found) return found;
  if (process.env.POLYPHASE_REQUIRE_BROWSER) {
    throw new Error("POLYPHASE_REQUIRE_BROWSER is set, but there is no browser");
  }
  console.error("SKIPPED: no browser");
  return undefined;
}

/** Opens a page of the repository, with further arguments of the browser. */
export async function open(executablePath, path, further = []) {
  const server = await serve();
  const browser = await chromium.launch({ executablePath, headless: true, args: [...ARGUMENTS, ...further] });
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("crash", () => problems.push("the page crashed"));
  await page.goto(`${server.origin}/${path}`);
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { page, browser, problems, close };
}
