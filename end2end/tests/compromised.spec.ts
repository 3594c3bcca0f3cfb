import type { Locator, Page } from "@playwright/test";
import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";
import { call, createAndClose, haveCopied, row } from "../pages/keys";
import { expectToBeTouchable, expectToFit } from "../pages/screen";

/** The dialog about a key, from the menu in its row or, without a row, from that on its own page. */
async function compromised(page: Page, row?: Locator): Promise<Locator> {
  await (row ?? page).getByRole("button", { name: "More actions" }).click();
  await page.getByRole("button", { name: "Compromised?" }).click();
  return page.getByRole("dialog", { name: "Compromised API key" });
}

test.beforeEach(async ({ page, hydrated }) => {
  await signUp(page);
  await hydrated(page);
});

test("a compromised key is replaced, and the trail ties it together @phone", async ({
  page,
  request,
  complaints,
  axe,
  isMobile,
}) => {
  const leaked = await createAndClose(page, { name: "Leaked", role: "API Client" });
  expect((await call(request, leaked.secret, "/v1/verify?permission=ip.lookup")).status()).toBe(200);
  // What was answered reaches the page within a second or two.
  await expect(async () => {
    const dialog = await compromised(page, row(page, "Leaked"));
    try {
      await expect(dialog.getByRole("table")).toContainText("ip.lookup", { timeout: 1_000 });
    } catch (why) {
      await dialog.getByRole("button", { name: "Cancel" }).click();
      throw why;
    }
  }).toPass({ timeout: 20_000 });
  const dialog = page.getByRole("dialog");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await axe(page);
  }
  await expectToFit(page);
  if (isMobile) await expectToBeTouchable(page);
  const download = page.waitForEvent("download");
  await dialog.getByRole("link", { name: "Export CSV" }).click();
  expect((await download).suggestedFilename()).toMatch(/^activity-\d{4}-\d\d-\d\d\.csv$/);

  // Without a reason nothing is done.
  await dialog.getByRole("button", { name: "Contain Key" }).click();
  await expect(dialog).toContainText("Say what happened");
  await dialog.getByLabel("What happened").fill("It was in a public repository.");
  await dialog.getByRole("button", { name: "Contain Key" }).click();
  const field = page.getByRole("dialog").getByRole("textbox", { name: "Secret Key" });
  await expect(field).toHaveValue(/^ipaware_prod_/);
  const secret = await field.inputValue();
  await haveCopied(page);
  const said = await page.getByText(/Contained\. Refused everywhere/).innerText();
  const incident = /inc_[0-9A-Za-z]{22}/.exec(said)?.[0] ?? "none";

  complaints.allowStatus(401, "/v1/verify");
  expect((await call(request, leaked.secret, "/v1/verify")).status()).toBe(401);
  expect((await call(request, secret, "/v1/verify?permission=ip.lookup")).status()).toBe(200);
  await page.goto(`/audit?q=${incident}`);
  await expect(page.getByText("Contained the compromised key Leaked")).toBeVisible();
  await expect(page.getByText("Created the key Leaked")).toBeVisible();
});

test("with a new secret the key stays, and only that works", async ({ page, request, complaints, hydrated }) => {
  const leaked = await createAndClose(page, { name: "Stays", role: "API Client" });
  await page.goto(`/keys/${leaked.keyId}`);
  await hydrated(page);
  const dialog = await compromised(page);
  await dialog.getByLabel("What becomes of it").selectOption({ label: "New secret, no overlap" });
  await dialog.getByLabel("What happened").fill("A laptop was stolen.");
  await dialog.getByRole("button", { name: "Contain Key" }).click();
  const field = page.getByRole("dialog").getByRole("textbox", { name: "Secret Key" });
  await expect(field).toHaveValue(/^ipaware_prod_/);
  const secret = await field.inputValue();
  await expect(page.getByRole("dialog").getByRole("textbox", { name: "Key ID" })).toHaveValue(leaked.keyId);
  await haveCopied(page);
  complaints.allowStatus(401, "/v1/verify");
  expect((await call(request, leaked.secret, "/v1/verify")).status()).toBe(401);
  expect((await call(request, secret, "/v1/verify")).status()).toBe(200);
});
