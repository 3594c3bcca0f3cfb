import type { APIResponse, Locator, Page } from "@playwright/test";
import { expect } from "../fixtures/test";

/** The row of the member or the invitation with this email. */
export function person(page: Page, email: string): Locator {
  return page.getByRole("row").filter({ has: page.getByText(email, { exact: true }) });
}

/** Invites somebody through the page and gives the link. */
export async function invite(page: Page, email: string, role?: string): Promise<string> {
  await page.getByRole("button", { name: "+ Invite Member" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Email").fill(email);
  if (role) await dialog.getByRole("combobox", { name: "Role" }).selectOption({ label: role });
  await dialog.getByRole("button", { name: "Send Invite" }).click();
  const link = await shownLink(page);
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
  await expect(person(page, email)).toContainText("PENDING");
  return link;
}

/** The link that the dialog shows. */
export async function shownLink(page: Page): Promise<string> {
  const field = page.getByRole("dialog").getByRole("textbox", { name: "Invitation link" });
  await expect(field).toHaveValue(/\/join\?token=/);
  return field.inputValue();
}

/** Opens the menu of a row and chooses from it. */
export async function choose(page: Page, email: string, action: string): Promise<void> {
  await person(page, email).getByRole("button", { name: "More actions" }).click();
  await page.getByRole("button", { name: action, exact: true }).click();
}

/** Accepts an invitation as somebody who has no account yet, and goes to the keys. */
export async function accept(page: Page, link: string, password: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page).toHaveURL(/:\d+\/$/);
  await page.goto("/keys");
}

/** Ticks and unticks roles of a member, and saves. */
export async function manageRoles(page: Page, email: string, roles: Record<string, boolean>): Promise<void> {
  await person(page, email).getByRole("button", { name: "Manage Roles" }).click();
  const dialog = page.getByRole("dialog");
  for (const [role, held] of Object.entries(roles)) {
    await dialog.getByRole("checkbox", { name: role, exact: true }).setChecked(held);
  }
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog).toBeHidden();
}

/** Makes a role without the page, as whoever is signed in there. */
export async function createRole(page: Page, name: string, permissions: string[]): Promise<void> {
  const answer = await page.request.post("/api/role_create", { data: { params: { name, description: "", permissions } } });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** Invites without the page, as whoever is signed in there, and gives the link. */
export async function inviteByApi(page: Page, email: string, role = "Organization Member"): Promise<string> {
  const json = async (answer: APIResponse) => {
    expect(answer.status(), await answer.text()).toBe(200);
    return answer.json();
  };
  const everybody = { search: "", role: null, page: 1 };
  const team = await json(await page.request.post("/api/team_list", { data: { params: everybody } }));
  const { id } = team.roles.find((choice: { name: string }) => choice.name === role);
  const sent = await json(await page.request.post("/api/invitation_create", { data: { params: { email, role: id } } }));
  return sent.link;
}
