import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";
import { create, haveCopied } from "../pages/keys";

test.beforeEach(async ({ page, hydrated }) => {
  await signUp(page);
  await hydrated(page);
});

test("neither Esc nor a click outside closes the secret", async ({ page }) => {
  const { secret } = await create(page, { name: "Kept open" });
  const field = page.getByRole("textbox", { name: "Secret Key" });
  // Browsers let the second Esc in a row through a dialog that only refuses to be cancelled.
  for (let press = 0; press < 4; press++) {
    await page.keyboard.press("Escape");
    await expect(field).toHaveValue(secret);
  }
  await page.mouse.click(5, 5);
  await expect(field).toHaveValue(secret);
  await haveCopied(page);
});

test("the back button asks, and a no keeps the secret on the screen", async ({ page }) => {
  const { secret } = await create(page, { name: "Asked first" });
  let asked = "";
  page.once("dialog", async (dialog) => {
    asked = dialog.message();
    await dialog.dismiss();
  });
  await page.evaluate(() => history.back());
  await expect.poll(() => asked).toContain("cannot be shown again");
  await expect(page.getByRole("textbox", { name: "Secret Key" })).toHaveValue(secret);
  await haveCopied(page);
});

test("after closing, the secret is nowhere", async ({ page, context, server }) => {
  const later: string[] = [];
  const { secret } = await create(page, { name: "Shown once" });
  // Everything that is answered from here on.
  context.on("response", async (response) => {
    const headers = JSON.stringify(await response.allHeaders().catch(() => ({})));
    later.push(response.url(), headers, await response.text().catch(() => ""));
  });
  await haveCopied(page);
  await expect(page.getByText("Shown once", { exact: true })).toBeVisible();

  const inPage = () =>
    page.evaluate(() => ({
      html: document.documentElement.outerHTML,
      values: [...document.querySelectorAll("input, textarea")].map((field) => (field as HTMLInputElement).value),
      storage: JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }),
      history: JSON.stringify(history.state) + location.href,
    }));
  expect(JSON.stringify(await inPage())).not.toContain(secret);
  expect(JSON.stringify(await context.cookies())).not.toContain(secret);

  await page.reload();
  await expect(page.getByText("Shown once", { exact: true })).toBeVisible();
  expect(JSON.stringify(await inPage())).not.toContain(secret);
  expect(later.length, "answers were looked at").toBeGreaterThan(0);
  expect(later.join("\n")).not.toContain(secret);
  expect(server.log).not.toContain(secret);
});

test("Esc closes the form before it is sent, and keeps what was typed", async ({ page }) => {
  await page.getByRole("button", { name: "+ Create New Key" }).click();
  await page.getByRole("dialog").getByLabel("Key Name").fill("Half typed");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.getByRole("button", { name: "+ Create New Key" }).click();
  await expect(page.getByRole("dialog").getByLabel("Key Name")).toHaveValue("Half typed");
});
