import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";
import type { ServerOptions } from "./fixtures/server";

// Debian's Chromium where there is one; elsewhere the one that Playwright looks after itself.
const chromium = "/usr/bin/chromium";
const system = existsSync(chromium);

// Chromium's sandbox refuses to run as root, as in a container.
const root = process.getuid?.() === 0;

export default defineConfig<object, ServerOptions>({
  testDir: "./tests",
  outputDir: "./test-results",
  // Each worker has a server and a database of its own, so files may run side by side; tests of one file do not.
  workers: 2,
  fullyParallel: false,
  // For a whole journey: some take 10 s on a machine that is idle, and 25 s on one that is not. What a page is given to answer
  // is the limit below.
  timeout: 90_000,
  expect: { timeout: 5_000 },
  // A test that passes at the second try has found something too.
  retries: 0,
  forbidOnly: !!process.env["CI"],
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    locale: "en-GB",
    timezoneId: "UTC",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      ...(system ? { executablePath: chromium } : {}),
      args: [
        ...(system ? ["--headless"] : []),
        ...(root ? ["--no-sandbox"] : []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    {
      name: "desktop",
      testIgnore: "**/*.nojs.spec.ts",
      use: { viewport: { width: 1440, height: 900 } },
    },
    {
      name: "phone",
      testIgnore: "**/*.nojs.spec.ts",
      grep: /@phone/,
      use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
    },
    {
      name: "no-js",
      testMatch: "**/*.nojs.spec.ts",
      use: { viewport: { width: 1440, height: 900 }, javaScriptEnabled: false },
    },
  ],
});
