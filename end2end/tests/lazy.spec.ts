import type { Page } from "@playwright/test";
import { type Complaints, expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";

/** The names of the WebAssembly files that a page fetches, without their hashes. */
function fetchedCode(page: Page): string[] {
  const names: string[] = [];
  page.on("request", (request) => {
    const name = /\/pkg\/([^/]+)-[0-9a-f]+\.wasm$/.exec(request.url())?.[1];
    if (name !== undefined) names.push(name);
  });
  return names;
}

/** A mark that another document does not have. */
async function mark(page: Page): Promise<void> {
  await page.evaluate(() => document.documentElement.setAttribute("data-same", ""));
}

/** The files of a server's last version are gone when a tab of that version asks for them. */
async function withoutCodeOf(code: string, page: Page, complaints: Complaints, times: number): Promise<void> {
  complaints.allowStatus(404, `/pkg/ipaware-${code}-`);
  complaints.allow(/TypeError: Failed to execute 'compile' on 'WebAssembly': HTTP status code is not ok/);
  complaints.allow(/\.wasm was preloaded using link preload but not used/);
  await page.route(new RegExp(`/pkg/ipaware-${code}-`), (route) => route.fulfill({ status: 404 }), { times });
}

test("a page loads its own code with the first load, and no other's", async ({ page, hydrated }) => {
  const code = fetchedCode(page);
  const response = await page.goto("/sign-in");
  await hydrated(page);
  expect(code).toContain("ipaware");
  expect(code).toContain("ipaware-account");
  expect(code).not.toContain("ipaware-KeysPage");
  // All of it was named in the answer, so nothing had to run first; and what was loaded ahead was used.
  const announced = (await response?.allHeaders())?.["link"]?.match(/ipaware-\w+(?=-[0-9a-f]+\.wasm>; rel=preload)/g);
  expect(code.filter((name) => name !== "ipaware").sort()).toEqual(announced?.sort());
});

test("the way to another page fetches what that page needs besides, in the same document", async ({ page, hydrated }) => {
  await signUp(page);
  await hydrated(page);
  await mark(page);
  const code = fetchedCode(page);
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
  await expect(page).toHaveURL(/\/settings$/);
  await expect(page.locator("html")).toHaveAttribute("data-same");
  expect(code).toContain("ipaware-SettingsPage");
  expect(code).not.toContain("ipaware");
  // It answers to what is typed.
  const section = page.getByRole("region", { name: "Organization" });
  await section.getByLabel("Organization name").fill("");
  await section.getByRole("button", { name: "Save Changes" }).click();
  await expect(section.getByRole("alert")).toContainText("must not be empty");
});

test("a page whose code is gone comes from the server", async ({ page, complaints, hydrated }) => {
  await signUp(page);
  await hydrated(page);
  await mark(page);
  await withoutCodeOf("SettingsPage", page, complaints, 1);
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
  await expect(page).toHaveURL(/\/settings$/);
  await expect(page.locator("html")).not.toHaveAttribute("data-same");
  await hydrated(page);
});

test("a page that never gets its code stays as the server has rendered it, and its links lead on", async ({ page, complaints }) => {
  await withoutCodeOf("account", page, complaints, 10);
  const failure = page.waitForEvent("console", (message) => message.type() === "error" && message.text().includes("compile"));
  await page.goto("/sign-in");
  await failure;
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page.getByRole("heading", { name: "Create your account" })).toBeVisible();
});
