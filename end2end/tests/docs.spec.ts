import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";
import { expectToFit } from "../pages/screen";

for (const [link, heading] of [
  ["Guide", "Working with API keys"],
  ["API reference", "API reference"],
] as const) {
  test(`the account's menu leads to "${heading}", which reads on any screen @phone`, async ({
    page,
    isMobile,
    hydrated,
    axe,
  }) => {
    const { email } = await signUp(page);
    await hydrated(page);
    if (isMobile) await page.getByRole("button", { name: "Open navigation" }).click();
    await page.getByRole("button", { name: `Account: ${email}` }).click();
    await page.getByRole("link", { name: link, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
    await expectToFit(page);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await axe(page);
    }
    await page.getByRole("link", { name: "IPAware", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  });
}

// The largest group of operations, and the two pages that are not made as groups are.
for (const name of ["Keys", "Refusals", "Objects"]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`the reference's page "${name}" is accessible and fits in the ${colorScheme} theme @phone`, async ({ page, axe }) => {
      // What there is of objects is long, and looking at all of it takes axe a while.
      test.slow();
      await page.emulateMedia({ colorScheme });
      await page.goto("/docs");
      const contents = page.getByRole("navigation", { name: "Contents" });
      await contents.getByRole("link", { name, exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
      await expect(contents.getByRole("link", { name, exact: true })).toHaveAttribute("aria-current", "page");
      await expectToFit(page);
      await axe(page);
    });
  }
}

test("what an operation answers with is a click away", async ({ page }) => {
  await page.goto("/docs");
  await page.getByRole("main").getByRole("link", { name: "Pause a key" }).click();
  await expect(page.getByRole("heading", { name: "Pause a key" })).toBeInViewport();
  await page.getByRole("article", { name: "Pause a key" }).getByRole("link", { name: "404" }).click();
  await expect(page.getByRole("heading", { name: "404 Not Found" })).toBeInViewport();
});
