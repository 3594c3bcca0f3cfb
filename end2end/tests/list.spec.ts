import { expect, test } from "../fixtures/test";
import { signIn } from "../pages/account";
import { demoSignIn } from "../pages/demo";
import { createAndClose, row } from "../pages/keys";
import { expectToBeTouchable, expectToFit } from "../pages/screen";

test.use({ serverArgs: ["--demo"] });

test.beforeEach(async ({ page, server, hydrated }) => {
  await signIn(page, demoSignIn(server, "Organization Owner"));
  await hydrated(page);
});

test("filters live in the address, and the back button undoes nothing that was typed", async ({ page, hydrated }) => {
  await page.getByLabel("Status").selectOption({ label: "Paused" });
  await expect(page).toHaveURL(/status=paused/);
  await expect(row(page, "Load test")).toContainText("Paused");
  await expect(page.getByRole("row")).toHaveCount(2);

  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel("Status")).toHaveValue("paused");
  await expect(page.getByRole("row")).toHaveCount(2);
});

test("search finds a name in any script, a Key ID, and the end of a secret", async ({ page }) => {
  const search = page.getByLabel("Search");
  await search.fill("状态");
  await expect(page.getByRole("row")).toHaveCount(2);
  const found = page.getByRole("row").nth(1);
  await expect(found).toContainText("Status page");
  const last4 = (await found.locator(".last4").innerText()).replace(/[^0-9A-Za-z]/g, "").slice(-4);
  await search.fill(last4);
  await expect(page).toHaveURL(new RegExp(`q=${last4}`));
  await expect(row(page, "Status page 状态")).toBeVisible();
  await search.fill("no key is called this");
  await expect(page.getByRole("heading", { name: "No key matches" })).toBeVisible();
  await page.getByRole("link", { name: "Clear filters" }).first().click();
  await expect(row(page, "Mobile App")).toBeVisible();
});

test("every state of a key can be listed, in words", async ({ page }) => {
  for (const [status, name] of [
    ["active", "Production Server"],
    ["paused", "Load test"],
    ["expired", "Trade fair demo"],
    ["revoked", "Contractor laptop"],
  ] as const) {
    await page.goto(`/keys?status=${status}`);
    await expect(row(page, name)).toContainText(new RegExp(status, "i"));
  }
});

test("keys can be sorted and the unused ones found", async ({ page }) => {
  await page.goto("/keys?sort=name");
  const names = await page.locator(".row-title").allInnerTexts();
  expect(names).toEqual([...names].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase(), "en")));
  await page.goto("/keys?unused=true");
  await expect(row(page, "Legacy importer")).toBeVisible();
  await expect(row(page, "Ana's workstation")).toBeVisible();
  await expect(row(page, "Mobile App")).toBeHidden();
});

test("the keyboard opens what it promises", async ({ page }) => {
  await page.keyboard.press("/");
  await expect(page.getByLabel("Search")).toBeFocused();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("c");
  await expect(page.getByRole("dialog")).toContainText("Key Name");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("shortcuts", { ignoreCase: true });
});

test("a name without a space to break at leaves the table in its place", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await createAndClose(page, { name: "W".repeat(80) });
  await expectToFit(page);
});

for (const theme of ["light", "dark"] as const) {
  test(`the table is accessible in the ${theme} theme @phone`, async ({ page, isMobile, axe }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto("/keys?status=all");
    await expect(row(page, "Contractor laptop")).toBeVisible();
    await axe(page);
    await expectToFit(page);
    if (isMobile) await expectToBeTouchable(page);
  });
}
