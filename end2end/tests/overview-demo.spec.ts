import { signIn } from "../pages/account";
import { demoSignIn } from "../pages/demo";
import { row } from "../pages/keys";
import { busyBars, card, section } from "../pages/overview";
import { expectToBeTouchable, expectToFit } from "../pages/screen";
import { expect, test } from "../fixtures/test";

test.use({ serverArgs: ["--demo"] });

test("the demo has a year behind it, and keys that need attention @phone", async ({ page, server, hydrated, axe, isMobile }) => {
  await signIn(page, demoSignIn(server, "Organization Owner"));
  await page.goto("/");
  await hydrated(page);
  await expect(card(page, "Remaining quota")).toContainText("∞");
  await expect(card(page, "Success rate")).toContainText("Good");
  await expect(section(page, "Twelve months").getByRole("row")).toHaveCount(13);
  expect((await busyBars(section(page, "Requests"))).length).toBe(30);
  await expectToFit(page);
  if (isMobile) await expectToBeTouchable(page);
  await axe(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await axe(page);

  const attention = section(page, "Needs attention");
  await expect(attention.getByRole("link")).toHaveCount(4);
  for (const [finding, filter, key] of [
    [/not been used/, "unused", "Legacy importer"],
    [/due for rotation/, "due", "Fraud screening"],
    [/will expire/, "expiring", "Staging Server"],
  ] as const) {
    await attention.getByRole("link", { name: finding }).click();
    await expect(page).toHaveURL(new RegExp(`/keys\\?attention=${filter}$`));
    await expect(row(page, key)).toBeVisible();
    await expect(row(page, "Production Server")).toBeHidden();
    await page.goBack();
  }
  await attention.getByRole("link", { name: /refused unusually often/ }).click();
  await expect(page).toHaveURL(/\/keys\?attention=rising$/);
  await expect(row(page, "Mobile App")).toBeVisible();
  await expect(row(page, "Production Server")).toBeHidden();
  await expect(page.getByLabel("Attention")).toHaveValue("rising");
});
