import { expect, test } from "../fixtures/test";
import { newAccount, signUp } from "../pages/account";
import { demoSignIn } from "../pages/demo";
import { row } from "../pages/keys";

test.use({ serverArgs: ["--demo"] });

test("signing in, reading and filtering the keys and signing out need no script", async ({ page, server }) => {
  const { email, password } = demoSignIn(server, "Organization Owner");
  await page.goto("/sign-in");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/:\d+\/$/);
  await page.getByRole("link", { name: "API Keys" }).click();
  await expect(page).toHaveURL(/\/keys$/);
  await expect(row(page, "Production Server")).toContainText("Active");
  // Playwright's own text search passes over <noscript>, also where it is shown.
  expect(await page.locator("noscript").first().innerText()).toContain("needs JavaScript");

  await page.getByLabel("Status").selectOption({ label: "Revoked" });
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/status=revoked/);
  await expect(row(page, "Contractor laptop")).toContainText("Found in a public repository");

  await page.getByRole("button", { name: `Account: ${email}` }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
});

test("an account can be made without any script, and a refusal is shown", async ({ page }) => {
  const account = newAccount();
  await page.goto("/sign-up");
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill("password1");
  await page.getByLabel("Organization name").fill(account.organization);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert").first()).toContainText("too easy to guess");
  await signUp(page, account);
});
