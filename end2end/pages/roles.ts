import type { Locator, Page } from "@playwright/test";
import { expect } from "../fixtures/test";

export interface NewRole {
  name: string;
  description?: string;
  permissions?: string[];
}

/** The row of the role with this name. */
export function roleRow(page: Page, name: string): Locator {
  const rows = page.getByRole("table", { name: "Roles", exact: true }).getByRole("row");
  return rows.filter({ has: page.getByRole("link", { name, exact: true }) });
}

/** The row of an application permission. */
export function permissionRow(page: Page, name: string): Locator {
  const rows = page.getByRole("table", { name: "Application permissions" }).getByRole("row");
  return rows.filter({ has: page.getByText(name, { exact: true }) });
}

/** The box of a permission in the form of a role. */
export function box(page: Page, permission: string): Locator {
  return page.getByRole("checkbox", { name: permission, exact: true });
}

/** The permissions under one heading of the form. */
export function group(page: Page, title: string): Locator {
  return page.getByRole("group", { name: title, exact: true });
}

/** Fills the form of a new role, which is on the screen, and sends it; its page is on the screen afterwards. */
export async function fillAndCreate(page: Page, role: NewRole): Promise<void> {
  await page.getByLabel("Role Name").fill(role.name);
  if (role.description) await page.getByLabel("Description").fill(role.description);
  for (const permission of role.permissions ?? []) await box(page, permission).check();
  await page.getByRole("button", { name: "Create Role" }).click();
  await expect(page).toHaveURL(/\/roles\/role_[0-9A-Za-z]+$/);
  await expect(page.getByRole("heading", { level: 1, name: role.name })).toBeVisible();
}

/** Goes to the form of a new role and makes one. */
export async function createRole(page: Page, role: NewRole, hydrated: (page: Page) => Promise<void>): Promise<void> {
  await page.goto("/roles/new");
  await hydrated(page);
  await fillAndCreate(page, role);
}

/** Opens the menu at the end of a role's row. */
export async function openMenu(page: Page, name: string): Promise<void> {
  await roleRow(page, name).getByRole("button", { name: "More actions" }).click();
}

/** Registers an application permission on the roles page, which is on the screen. */
export async function register(page: Page, name: string, description: string): Promise<void> {
  await page.getByRole("button", { name: "+ Register Permission" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByLabel("Description").fill(description);
  await dialog.getByRole("button", { name: "Register", exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(permissionRow(page, name)).toBeVisible();
}
