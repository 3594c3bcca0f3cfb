import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";
import { roleRow } from "../pages/roles";

test("reading and searching the roles need no script", async ({ page }) => {
  await signUp(page);
  await page.goto("/roles");
  await expect(roleRow(page, "API Client")).toBeVisible();
  await page.getByLabel("Search roles").fill("ip.lookup");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await expect(page).toHaveURL(/\?q=ip\.lookup$/);
  await expect(roleRow(page, "API Client")).toBeVisible();
  await expect(roleRow(page, "Organization Member")).toBeHidden();
  await page.getByRole("link", { name: "API Client", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "API Client" })).toBeVisible();
  await expect(page.getByText("System roles are locked.")).toBeVisible();
});
