import { signIn } from "../pages/account";
import { demoSignIn } from "../pages/demo";
import { section } from "../pages/overview";
import { expectToBeTouchable, expectToFit } from "../pages/screen";
import { expect, test } from "../fixtures/test";

test.use({ serverArgs: ["--demo"] });

test("everything about a busy key fits on any screen @phone", async ({ page, isMobile, server, hydrated, axe }) => {
  await signIn(page, demoSignIn(server, "Organization Owner"));
  await page.goto("/keys?q=Mobile");
  await page.getByRole("link", { name: "Mobile App" }).click();
  await hydrated(page);
  await expect(section(page, "Why is it refused?").getByRole("row")).toHaveCount(11);
  await section(page, "Requests").getByRole("link", { name: "12 months" }).click();
  await expect(page).toHaveURL(/window=12m$/);
  await section(page, "Requests").getByText("Show the numbers").click();
  await expect(section(page, "Requests").getByRole("table").getByRole("row")).toHaveCount(13);
  await expectToFit(page);
  if (isMobile) await expectToBeTouchable(page);
  await axe(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await axe(page);
});

for (const [part, button, closing] of [
  ["Why is it refused?", "Test a request", "Close"],
  ["Allowed addresses", "Edit addresses", "Cancel"],
  ["Notes", "Edit notes", "Cancel"],
] as const) {
  test(`the dialog "${button}" fits on any screen @phone`, async ({ page, isMobile, server, hydrated, axe }) => {
    await signIn(page, demoSignIn(server, "Organization Owner"));
    await page.goto("/keys?q=Mobile");
    await page.getByRole("link", { name: "Mobile App" }).click();
    await hydrated(page);
    await section(page, part).getByRole("button", { name: button }).click();
    const dialog = page.getByRole("dialog");
    const ask = dialog.getByRole("button", { name: "What would happen?" });
    if ((await ask.count()) > 0) {
      await dialog.getByLabel("Permission").fill("orders.read");
      await ask.click();
      await expect(dialog.getByRole("list", { name: "Every rule in its order" }).getByRole("listitem")).toHaveCount(8);
    }
    await expectToFit(page);
    if (isMobile) await expectToBeTouchable(page);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await axe(page);
    }
    // The other one of that name is the cross in the corner.
    await dialog.getByRole("button", { name: closing }).last().click();
    await expect(dialog).toBeHidden();
  });
}

test("a member sees the page and is told what they may not do", async ({ page, server, hydrated }) => {
  await signIn(page, demoSignIn(server, "Organization Member"));
  await page.goto("/keys?q=Mobile");
  await page.getByRole("link", { name: "Mobile App" }).click();
  await hydrated(page);
  const edit = section(page, "Notes").getByRole("button", { name: "Edit notes" });
  await expect(edit).toHaveAttribute("aria-disabled", "true");
  await expect(edit).toHaveAccessibleDescription(/api\.key\.update/);
  await expect(section(page, "Why is it refused?").getByRole("row")).toHaveCount(11);
});
