import { expect, test } from "../fixtures/test";
import { signIn } from "../pages/account";
import { download, entry, unfold } from "../pages/audit";
import { demoSignIn } from "../pages/demo";

test.use({ serverArgs: ["--demo"] });

test("reading, filtering and exporting the trail need no script", async ({ page, server }) => {
  await signIn(page, demoSignIn(server, "Organization Owner"));
  await page.goto("/audit");
  const row = await unfold(page, "Signed in");
  await expect(row).toContainText("session.create");
  await page.getByLabel("About").selectOption({ label: "API keys" });
  await page.getByLabel("From").fill("2020-01-01");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/action=key&.*from=2020-01-01/);
  await expect(entry(page, "Revoked the key Contractor laptop")).toBeVisible();
  await expect(entry(page, "Signed in")).toHaveCount(0);
  const csv = await download(page, /CSV/);
  expect(csv.lines.some((line) => line.includes("Revoked the key Contractor laptop"))).toBe(true);
});
