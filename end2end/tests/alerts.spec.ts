import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";
import { call, createAndClose } from "../pages/keys";
import { Receiver } from "../pages/receiver";
import { expectToBeTouchable, expectToFit } from "../pages/screen";

test.use({ serverEnv: { IPAWARE_SIGN_UP: "open", IPAWARE_WEBHOOK_ALLOW_PRIVATE: "true" } });

/** So many refusals of one key within five minutes are a burst. */
const BURST = 20;

test("refused traffic moves the bell and the page, and a webhook hears of it @phone", async ({
  page,
  request,
  complaints,
  hydrated,
  axe,
  isMobile,
}) => {
  test.setTimeout(60_000);
  complaints.allowStatus(422, "/api/webhook_save");
  const receiver = await Receiver.start();
  await signUp(page);
  await hydrated(page);
  const { secret } = await createAndClose(page, { name: "Billing" });
  const bell = () => page.getByRole("link", { name: /^Alerts: \d+ open$/ }).filter({ visible: true });
  await expect(bell()).toHaveAccessibleName("Alerts: 0 open");
  await bell().click();
  await hydrated(page);
  await expect(page.getByRole("heading", { name: "Nothing needs your attention" })).toBeVisible();
  await axe(page);

  // A webhook, whose secret is shown once.
  await page.getByRole("link", { name: "Thresholds, mail and webhooks" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Alert settings" })).toBeVisible();
  await page.getByRole("button", { name: "+ Add Webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address", { exact: true }).fill("ftp://example.com");
  await dialog.getByRole("button", { name: "Add Webhook" }).click();
  await expect(dialog.getByRole("alert")).toContainText("https://example.com/hooks");
  await dialog.getByLabel("Address", { exact: true }).fill(receiver.url);
  await axe(page);
  await dialog.getByRole("button", { name: "Add Webhook" }).click();
  const shown = dialog.getByRole("textbox", { name: "Signing secret" });
  await expect(shown).toHaveValue(/^whsec_/);
  const signing = await shown.inputValue();
  await axe(page);
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  await expect(dialog).toBeHidden();

  // A test arrives, and its log says so.
  const row = page.getByRole("row").filter({ hasText: receiver.url });
  await row.getByRole("button", { name: "Messages" }).click();
  await dialog.getByRole("button", { name: "Send test event" }).click();
  await expect(dialog.getByRole("listitem")).toContainText("Delivered");
  expect((await receiver.next(signing)).type).toBe("test");
  await axe(page);
  await dialog.getByRole("button", { name: "Replay" }).click();
  expect((await receiver.next(signing)).type).toBe("test");
  await dialog.getByRole("button", { name: "Close" }).click();

  // Real traffic: a key asks for what it may not do.
  await page.getByRole("link", { name: "Back to the alerts" }).click();
  await expect(page.getByRole("heading", { name: "Nothing needs your attention" })).toBeVisible();
  for (let n = 0; n < BURST; n += 1) {
    expect((await call(request, secret, "/v1/verify?permission=api.key.create")).status()).toBe(403);
  }
  const message = await receiver.next(signing);
  expect(message.type).toBe("alert.key_refusals");
  expect(message.data.message).toContain("requests of Billing were refused");
  const alert = page.getByRole("row").filter({ hasText: "Refusals of a key" });
  await expect(alert, "the page moves by itself").toBeVisible({ timeout: 20_000 });
  await expect(bell()).toHaveAccessibleName("Alerts: 1 open");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await axe(page);
  }
  await expectToFit(page);
  if (isMobile) await expectToBeTouchable(page);

  // Acknowledged, it leaves the list; the address says how to find it.
  await alert.getByRole("button", { name: "Acknowledge" }).click();
  await expect(page.getByText("Acknowledged.", { exact: true })).toBeVisible();
  await expect(alert).toBeHidden();
  await expect(bell()).toHaveAccessibleName("Alerts: 0 open");
  await page.getByLabel("Show").selectOption({ label: "Acknowledged" });
  await expect(page).toHaveURL(/state=acknowledged/);
  await expect(alert).toContainText("by person");
  await alert.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("button", { name: "Mute the key for 7 days" }).click();
  await expect(alert).toContainText("Muted");
  await page.goto("/alerts/settings");
  await hydrated(page);
  const mutes = page.getByRole("region", { name: "Muted keys" });
  await mutes.getByRole("button", { name: "Unmute Billing" }).click();
  await expect(mutes).toContainText("No key is muted.");
  await receiver.stop();
});

test("a rotated secret signs together with the one before", async ({ page, hydrated }) => {
  const receiver = await Receiver.start();
  await signUp(page);
  await page.goto("/alerts/settings");
  await hydrated(page);
  const dialog = page.getByRole("dialog");
  const secret = async () => {
    const shown = dialog.getByRole("textbox", { name: "Signing secret" });
    await expect(shown).toHaveValue(/^whsec_/);
    const text = await shown.inputValue();
    await dialog.getByRole("button", { name: "I have copied it" }).click();
    await expect(dialog).toBeHidden();
    return text;
  };
  await page.getByRole("button", { name: "+ Add Webhook" }).click();
  await dialog.getByLabel("Address", { exact: true }).fill(receiver.url);
  await dialog.getByRole("button", { name: "Add Webhook" }).click();
  const before = await secret();
  const row = page.getByRole("row").filter({ hasText: receiver.url });
  await row.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("button", { name: "Rotate secret" }).click();
  await dialog.getByRole("button", { name: "Rotate Secret" }).click();
  const after = await secret();
  expect(after).not.toBe(before);
  await row.getByRole("button", { name: "Messages" }).click();
  await dialog.getByRole("button", { name: "Send test event" }).click();
  const message = await receiver.next(before, after);
  expect(message.type).toBe("test");
  await receiver.stop();
});

test("thresholds are saved, and nobody's are lost", async ({ page, hydrated, axe, complaints }) => {
  complaints.allowStatus(409, "/api/alert_settings_update");
  await signUp(page);
  await page.goto("/alerts/settings");
  await hydrated(page);
  const section = page.getByRole("region", { name: "Thresholds and mail" });
  const dialog = page.getByRole("dialog");
  await section.getByRole("button", { name: "Edit thresholds and mail" }).click();
  const field = dialog.getByLabel("Of one key");
  await field.fill("2");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog.getByRole("alert")).toContainText("from 5 to 10000");
  await expect(field).toBeFocused();
  await axe(page);
  await field.fill("40");
  await dialog.getByLabel("Unused key").uncheck();

  // Somebody else is quicker; what was typed stays.
  const mailed = ["key_refusals"];
  const elsewhere = { key_refusals: 30, address_refusals: 60, organization_refusals: 300, mailed, version: 0 };
  expect((await page.request.post("/api/alert_settings_update", { data: { settings: elsewhere } })).status()).toBe(200);
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Somebody else changed");
  await expect(dialog.getByRole("status")).toContainText("Saved now: 30 of one key, 60 from one address, 300 of all.");
  await expect(field).toHaveValue("40");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await expect(section).toContainText("40 refused requests within 5 minutes");
  await page.reload();
  await expect(section).toContainText("40 refused requests within 5 minutes");
  await expect(section).not.toContainText("Unused key");
});

for (const theme of ["light", "dark"] as const) {
  test(`the settings of the alerts are accessible in the ${theme} theme @phone`, async ({ page, isMobile, hydrated, axe }) => {
    await page.emulateMedia({ colorScheme: theme });
    await signUp(page);
    await page.goto("/alerts/settings");
    await hydrated(page);
    await axe(page);
    await expectToFit(page);
    if (isMobile) await expectToBeTouchable(page);
  });
}
