import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { expect } from "../fixtures/test";

/** The entries that say this. */
export function entry(page: Page, sentence: string | RegExp): Locator {
  return page.getByRole("row").filter({ has: page.locator("summary", { hasText: sentence }) });
}

/** Opens the details of an entry, in place. */
export async function unfold(page: Page, sentence: string | RegExp): Promise<Locator> {
  const row = entry(page, sentence).first();
  await row.locator("summary").click();
  await expect(row.getByText("Exactly")).toBeVisible();
  return row;
}

/** Refused attempts are written within a second. */
export async function waitForEntry(page: Page, sentence: string | RegExp): Promise<void> {
  await expect(async () => {
    await page.goto("/audit");
    await expect(entry(page, sentence).first()).toBeVisible({ timeout: 500 });
  }).toPass();
}

/** Follows a link to a file and gives its name and its lines. */
export async function download(page: Page, link: RegExp): Promise<{ name: string; lines: string[] }> {
  const started = page.waitForEvent("download");
  await page.getByRole("link", { name: link }).click();
  const file = await started;
  const text = await readFile(await file.path(), "utf8");
  return { name: file.suggestedFilename(), lines: text.split(/\r?\n/).filter((line) => line !== "") };
}
