import type { Locator, Page } from "@playwright/test";
import { expect } from "../fixtures/test";

/** The row of the whitelist's table with this address. */
export function entry(page: Page, address: string): Locator {
  const table = page.getByRole("table", { name: "Whitelist" });
  return table.getByRole("row").filter({ has: page.getByText(address, { exact: true }) });
}

/** Fills the dialog and sends it. */
export async function addIp(page: Page, address: string, label = ""): Promise<void> {
  await page.getByRole("button", { name: "+ Add IP Address" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("IP Address").fill(address);
  if (label) await dialog.getByLabel("Label").fill(label);
  await dialog.getByRole("button", { name: "Add IP", exact: true }).click();
}

/** Switches the whitelist, and reads what is asked before. */
export async function switchTo(page: Page, verb: "Switch Off" | "Only Report" | "Switch On"): Promise<string> {
  await page.getByRole("region", { name: "Enforcement" }).getByRole("button", { name: verb }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).not.toContainText("Looking for those");
  const asked = await dialog.innerText();
  await dialog.getByRole("button", { name: verb }).click();
  await expect(dialog).toBeHidden();
  return asked;
}
