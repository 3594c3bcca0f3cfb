import { expect, test } from "../fixtures/test";
import { signIn } from "../pages/account";
import { demoSignIn } from "../pages/demo";

test.use({ serverArgs: ["--demo"] });

test("reading and filtering the alerts needs no script", async ({ page, server }) => {
  await signIn(page, demoSignIn(server, "Organization Member"));
  await page.goto("/alerts");
  const alerts = page.getByRole("table", { name: "Alerts" });
  await expect(alerts.getByRole("row").filter({ hasText: "Contractor laptop" })).toContainText("were refused");
  await page.getByLabel("Kind").selectOption({ label: "Expiring key" });
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/kind=expiring/);
  await expect(alerts.getByRole("row")).toHaveCount(2);
  await expect(alerts).toContainText("Staging Server expires at");
  await page.goto("/alerts/settings");
  await expect(page.getByRole("region", { name: "Thresholds and mail" })).toContainText("20 refused requests within 5 minutes");
});
