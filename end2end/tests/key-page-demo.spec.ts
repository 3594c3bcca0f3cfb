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
