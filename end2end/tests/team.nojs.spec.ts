import { expect, test } from "../fixtures/test";
import { newAccount, signUp } from "../pages/account";
import { accept, inviteByApi, person } from "../pages/team";

test("reading and filtering the team and accepting an invitation need no script", async ({ page }) => {
  const owner = await signUp(page);
  const { email, password } = newAccount();
  const link = await inviteByApi(page, email);
  await page.goto("/team");
  await expect(person(page, owner.email)).toContainText("ACTIVE");
  await page.getByLabel("Search").fill(email);
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/q=/);
  await expect(person(page, email)).toContainText("PENDING");
  await expect(person(page, owner.email)).toBeHidden();

  await page.context().clearCookies();
  await page.goto(link);
  await page.getByLabel("Password", { exact: true }).fill("password1");
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.getByRole("alert").first()).toContainText("too easy to guess");
  await expect(page.getByLabel("Email")).toHaveValue(email);
  await accept(page, link, password);
  await page.goto("/settings");
  await expect(page.getByRole("main")).toContainText(email);
});
