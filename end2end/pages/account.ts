import type { Browser, Page } from "@playwright/test";
import type { Server } from "../fixtures/server";
import { type Complaints, expect } from "../fixtures/test";

export interface Account {
  email: string;
  password: string;
  organization: string;
}

let made = 0;

/** An account nobody else in this run has. */
export function newAccount(): Account {
  made += 1;
  const name = `person${made}-${process.pid}-${Date.now()}`;
  return { email: `${name}@example.com`, password: `heron quartz ${name}`, organization: `Organization of ${name}` };
}

/** Makes an account through the page and arrives at the keys. */
export async function signUp(page: Page, account: Account = newAccount()): Promise<Account> {
  await page.goto("/sign-up");
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByLabel("Organization name").fill(account.organization);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page).toHaveURL(/\/keys$/);
  await expect(page.getByRole("heading", { level: 1, name: "API Keys" })).toBeVisible();
  return account;
}

/** Signs in, arrives at the overview, and goes on to the keys. */
export async function signIn(page: Page, account: Pick<Account, "email" | "password">): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/:\d+\/$/);
  await page.goto("/keys");
}

/** Another person, with a browser of their own that is listened to like the first one. Close its context at the end. */
export async function anotherPerson(browser: Browser, server: Server, complaints: Complaints): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url });
  await complaints.listen(context);
  return context.newPage();
}
