import { expect, test } from "../fixtures/test";
import { newAccount, signIn, signUp } from "../pages/account";

test("signing up, out and in again", async ({ page, hydrated, axe }) => {
  await page.goto("/sign-up");
  await hydrated(page);
  await axe(page);
  const account = await signUp(page);
  await hydrated(page);
  await page.getByRole("button", { name: account.email }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await axe(page);
  await page.goto("/keys");
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fkeys$/);
  await signIn(page, account);
  await expect(page.getByRole("link", { name: "API Keys" })).toBeVisible();
});

test("a wrong password and an unknown email get the same words", async ({ page, complaints, hydrated }) => {
  complaints.allowStatus(401, "/api/sign_in");
  const account = await signUp(page);
  await page.context().clearCookies();
  for (const email of [account.email, newAccount().email]) {
    await page.goto("/sign-in");
    await hydrated(page);
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("alert")).toContainText("Email or password is wrong.");
    await expect(page.getByLabel("Email")).toHaveValue(email);
  }
});

test("a common password is refused with what to do", async ({ page, complaints, hydrated }) => {
  complaints.allowStatus(422, "/api/sign_up");
  const account = newAccount();
  await page.goto("/sign-up");
  await hydrated(page);
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill("password1");
  await page.getByLabel("Organization name").fill(account.organization);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert").first()).toContainText("too easy to guess");
  await expect(page.getByLabel("Email")).toHaveValue(account.email);
  await expect(page.getByLabel("Organization name")).toHaveValue(account.organization);
});

test("an ended session leads to the sign-in page and back", async ({ page, complaints, hydrated }) => {
  complaints.allowStatus(401, "/api/");
  const account = await signUp(page);
  await hydrated(page);
  await page.context().clearCookies();
  await page.getByRole("button", { name: "+ Create New Key" }).click();
  await page.getByRole("dialog").getByLabel("Key Name").fill("Too late");
  await page.getByRole("dialog").getByRole("button", { name: "Create", exact: true }).click();
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fkeys&ended=1$/);
  await expect(page.getByText("Your session has ended. Sign in to go on.")).toBeVisible();
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/keys$/);
});

test("an unknown page says so", async ({ page, complaints, axe }) => {
  complaints.allowStatus(404, "/no-such-page");
  const response = await page.goto("/no-such-page");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await axe(page);
});
