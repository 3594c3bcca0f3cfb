import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";
import { entry } from "../pages/whitelist";

test("reading and searching the whitelist needs no script", async ({ page }) => {
  await signUp(page);
  const line = { address: "203.0.113.0/24", label: "Office" };
  const added = await page.request.post("/api/whitelist_create", { data: { params: { line, accept: false } } });
  expect(added.status()).toBe(200);
  await page.goto("/whitelist");
  await expect(entry(page, "203.0.113.0/24")).toContainText("Office");
  await expect(page.getByRole("main")).toContainText("1 / 1 IPs used");
  await page.getByLabel("Search").fill("203.0.113.77");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/q=203/);
  await expect(entry(page, "203.0.113.0/24")).toBeVisible();
  await page.getByLabel("Search").fill("192.0.2.1");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByText("No entry matches")).toBeVisible();
});
