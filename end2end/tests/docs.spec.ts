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
    // The reference is long, and looking at all of it takes axe a while.
    test.slow();
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
