import { expect, test } from "../fixtures/test";
import { anotherPerson, newAccount, signIn, signUp } from "../pages/account";
import { expectToBeTouchable, expectToFit } from "../pages/screen";
import { accept, inviteByApi } from "../pages/team";

test("the organization gets another name, here and in the sidebar", async ({ page, complaints, hydrated }) => {
  complaints.allowStatus(409, "/api/organization_update");
  const owner = await signUp(page);
  await page.goto("/settings");
  await hydrated(page);
  const section = page.getByRole("region", { name: "Organization" });
  const name = section.getByLabel("Organization name");
  await expect(name).toHaveValue(owner.organization);
  await name.fill("");
  await section.getByRole("button", { name: "Save Changes" }).click();
  await expect(section.getByRole("alert")).toContainText("must not be empty");
  await expect(name).toBeFocused();
  await name.fill("Analytical Engines");
  await section.getByRole("button", { name: "Save Changes" }).click();
  await expect(page.getByText("Saved. The organization is called Analytical Engines.")).toBeVisible();
  await expect(page.getByRole("complementary", { name: "Sidebar" })).toContainText("Analytical Engines");

  // Somebody else is quicker the next time.
  const due = { production: 90, others: 180 };
  const elsewhere = { before: { name: "Analytical Engines", due }, after: { name: "Difference Works", due } };
  expect((await page.request.post("/api/organization_update", { data: { params: elsewhere } })).status()).toBe(200);
  await name.fill("Mine");
  await section.getByRole("button", { name: "Save Changes" }).click();
  await expect(section.getByRole("alert")).toContainText("Somebody else changed this organization");
  await expect(section).toContainText("Now it is called “Difference Works”.");
  await expect(name).toHaveValue("Mine");
  await section.getByRole("button", { name: "Save Changes" }).click();
  await expect(page.getByText("Saved. The organization is called Mine.")).toBeVisible();
});

test("keys are due for rotation when the organization says so", async ({ page, hydrated }) => {
  await signUp(page);
  await page.goto("/settings");
  await hydrated(page);
  const section = page.getByRole("region", { name: "Organization" });
  const days = section.getByLabel("Production keys are due for rotation after");
  await expect(days).toHaveValue("90");
  await days.fill("0");
  await section.getByRole("button", { name: "Save Changes" }).click();
  await expect(section.getByRole("alert")).toContainText("whole number of days from 1 to 3650");
  await days.fill("30");
  await section.getByRole("button", { name: "Save Changes" }).click();
  await expect(page.getByText(/^Saved\./)).toBeVisible();
  await page.reload();
  await expect(days).toHaveValue("30");
  await expect(section.getByLabel("All others are due after")).toHaveValue("180");
});

test("the plan says how much is used, in numbers", async ({ page }) => {
  await signUp(page);
  await page.goto("/settings");
  const limits = page.getByRole("table", { name: /Plan/ });
  await expect(limits.getByRole("row", { name: /Active keys/ })).toContainText("5");
  await expect(limits.getByRole("row", { name: /Requests this month/ })).toContainText("5,000");
  await expect(limits.getByRole("progressbar", { name: "Active keys: 0 of 5" })).toBeVisible();
});

test("a new password ends the sessions in other browsers", async ({ page, browser, server, complaints, hydrated, axe }) => {
  complaints.allowStatus(422, "/api/password_change");
  const account = await signUp(page);
  const other = await anotherPerson(browser, server, complaints);
  await signIn(other, account);
  await page.goto("/settings");
  await hydrated(page);
  const section = page.getByRole("region", { name: "Password" });
  const [current, next] = [section.getByLabel("Current password"), section.getByLabel("New password")];
  await current.fill("not the password");
  await next.fill("walnut harbour lantern");
  await section.getByRole("button", { name: "Change Password" }).click();
  await expect(section.getByRole("alert")).toContainText("not the password");
  await expect(next).toHaveValue("walnut harbour lantern");
  await axe(page);
  await current.fill(account.password);
  await section.getByRole("button", { name: "Change Password" }).click();
  await expect(page.getByText("Password changed. 1 other session has ended.")).toBeVisible();
  await expect(current).toHaveValue("");
  await expect(next).toHaveValue("");
  await other.goto("/keys");
  await expect(other).toHaveURL(/\/sign-in/);
  await signIn(other, { email: account.email, password: "walnut harbour lantern" });
  await other.context().close();
});

test("sessions are listed, and others can be signed out", async ({ page, browser, server, complaints, hydrated }) => {
  const account = await signUp(page);
  const other = await anotherPerson(browser, server, complaints);
  await signIn(other, account);
  await page.goto("/settings");
  await hydrated(page);
  const sessions = page.getByRole("table", { name: "Sessions" }).getByRole("row");
  await expect(sessions).toHaveCount(3);
  await expect(sessions.nth(1)).toContainText("This browser");
  await expect(sessions.nth(1)).toContainText(/Chrom(e|ium) on Linux/);
  await sessions.nth(2).getByRole("button", { name: "Sign out" }).click();
  await expect(sessions).toHaveCount(2);
  await other.goto("/keys");
  await expect(other).toHaveURL(/\/sign-in/);
  await sessions.nth(1).getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await other.context().close();
});

test("whoever may not see the organization is told what is missing", async ({ page, browser, server, complaints, axe }) => {
  const owner = await signUp(page);
  const { email, password } = newAccount();
  const other = await anotherPerson(browser, server, complaints);
  await accept(other, await inviteByApi(page, email), password);
  const response = await other.goto("/settings");
  expect(response?.status()).toBe(200);
  const section = other.getByRole("region", { name: "Organization" });
  await expect(section).toContainText("organization.view");
  await expect(section).toContainText(owner.email);
  await expect(other.getByRole("region", { name: "Profile" })).toContainText("Organization Member");
  await axe(other);
  await other.context().close();
});

for (const theme of ["light", "dark"] as const) {
  test(`the settings are accessible in the ${theme} theme @phone`, async ({ page, isMobile, hydrated, axe }) => {
    await page.emulateMedia({ colorScheme: theme });
    await signUp(page);
    await page.goto("/settings");
    await hydrated(page);
    await axe(page);
    await expectToFit(page);
    if (!isMobile) return;
    await expectToBeTouchable(page);
    // The drawer.
    await page.getByRole("button", { name: "Open navigation" }).click();
    await expect(page.getByRole("link", { name: "Team" })).toBeVisible();
    await expectToBeTouchable(page);
    await axe(page);
  });
}
