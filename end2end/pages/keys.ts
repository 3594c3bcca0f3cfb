import type { APIRequestContext, APIResponse, Locator, Page } from "@playwright/test";
import { expect } from "../fixtures/test";

export interface NewKey {
  name: string;
  role?: string;
  environment?: "Production" | "Staging" | "Development";
}

export interface Revealed {
  secret: string;
  keyId: string;
}

/** The row of the key with this name. */
export function row(page: Page, name: string): Locator {
  return page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
}

/** Fills the create dialog and sends it; the secret is on the screen afterwards. */
export async function create(page: Page, key: NewKey): Promise<Revealed> {
  await page.getByRole("button", { name: "+ Create New Key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Key Name").fill(key.name);
  if (key.role) await dialog.getByRole("combobox", { name: "Role" }).selectOption({ label: key.role });
  if (key.environment) await dialog.getByLabel("Environment").selectOption({ label: key.environment });
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  const secret = dialog.getByRole("textbox", { name: "Secret Key" });
  await expect(secret).toHaveValue(/^ipaware_(prod|stage|dev)_[0-9A-Za-z]{49}$/);
  return {
    secret: await secret.inputValue(),
    keyId: await dialog.getByRole("textbox", { name: "Key ID" }).inputValue(),
  };
}

/** Says that the secret is copied, which is the one way to close it. */
export async function haveCopied(page: Page): Promise<void> {
  await page.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
}

/** Creates a key and closes the dialog. */
export async function createAndClose(page: Page, key: NewKey): Promise<Revealed> {
  const revealed = await create(page, key);
  await haveCopied(page);
  await expect(row(page, key.name)).toBeVisible();
  return revealed;
}

export async function revoke(page: Page, name: string, reason = ""): Promise<void> {
  await row(page, name).getByRole("button", { name: "Revoke" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Applications using this key will stop working");
  if (reason) await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: "Revoke Key" }).click();
  await expect(dialog).toBeHidden();
}

/** What an application does with its secret. */
export function call(request: APIRequestContext, secret: string, path = "/v1/ip/8.8.8.8"): Promise<APIResponse> {
  return request.get(path, { headers: { authorization: `Bearer ${secret}` } });
}
