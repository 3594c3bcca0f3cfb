import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures/test";
import { anotherPerson, newAccount, signUp } from "../pages/account";
import { type Revealed, call, createAndClose } from "../pages/keys";
import { expectToBeTouchable, expectToFit } from "../pages/screen";
import { accept, inviteByApi } from "../pages/team";

const section = (page: Page) => page.getByRole("region", { name: "Rate limits" });

/** A new account with a key, and that key's page. */
async function keyPage(page: Page, hydrated: (page: Page) => Promise<void>): Promise<Revealed> {
  await signUp(page);
  await page.goto("/keys");
  await hydrated(page);
  const key = await createAndClose(page, { name: "Billing" });
  await page.goto(`/keys/${key.keyId}`);
  await hydrated(page);
  return key;
}

test("a key is limited on its page, and one request too many is refused", async ({ page, request, complaints, hydrated }) => {
  complaints.allowStatus(409, "/api/rate_limits_update");
  const { secret, keyId } = await keyPage(page, hydrated);
  const limits = section(page);
  const dialog = page.getByRole("dialog");
  await expect(limits).toContainText("No limits of its own.");
  await limits.getByRole("button", { name: "Edit limits" }).click();
  await dialog.getByLabel("Per hour").fill("0");
  await dialog.getByRole("button", { name: "Save Limits" }).click();
  await expect(dialog.getByRole("alert")).toContainText("from 1 to 1,000,000");
  await expect(dialog.getByLabel("Per hour")).toBeFocused();
  await dialog.getByLabel("Per hour").fill("3");
  await dialog.getByRole("button", { name: "Save Limits" }).click();
  await expect(page.getByText("Saved. The limits are in force.")).toBeVisible();
  await expect(limits).toContainText("Per hour: 3 allowed, none used.");

  for (const left of [2, 1, 0]) {
    const answer = await call(request, secret);
    expect([answer.status(), answer.headers()["ratelimit-policy"]]).toEqual([200, '"hour";q=3;w=3600, "month";q=5000;w=' + month()]);
    expect(answer.headers()["ratelimit"]).toContain(`"hour";r=${left};t=`);
  }
  for (const path of ["/v1/ip/8.8.8.8", "/v1/verify"]) {
    const refused = await call(request, secret, path);
    expect([refused.status(), (await refused.json()).error.reason]).toEqual([429, "limit_exceeded"]);
    const after = Number(refused.headers()["retry-after"]);
    expect(after > 3_500 && after <= 3_600, `Retry-After: ${after}`).toBe(true);
  }
  await page.reload();
  await hydrated(page);
  await expect(limits).toContainText(/3 allowed, 3 used\. Refused until \d\d:\d\d:\d\d UTC\./);

  // Somebody else is quicker the next time; what was typed stays.
  await limits.getByRole("button", { name: "Edit limits" }).click();
  const elsewhere = { key: keyId, before: [{ window: "hour", requests: 3 }], limits: [{ window: "hour", requests: 4 }] };
  expect((await page.request.post("/api/rate_limits_update", { data: { params: elsewhere } })).status()).toBe(200);
  await dialog.getByLabel("Per hour").fill("");
  await dialog.getByLabel("Per day").fill("1000");
  await dialog.getByRole("button", { name: "Save Limits" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Somebody else changed");
  await expect(dialog).toContainText("4 allowed, 3 used.");
  await expect(dialog.getByLabel("Per day")).toHaveValue("1000");
  await dialog.getByRole("button", { name: "Save Limits" }).click();
  await expect(limits.getByRole("listitem")).toHaveText(["Per day: 1000 allowed, none used."]);
  expect((await call(request, secret)).status()).toBe(200);
});

test("whoever may not edit keys sees the limits and what is missing", async ({ page, browser, server, complaints, hydrated, axe }) => {
  const { keyId } = await keyPage(page, hydrated);
  const params = { key: keyId, before: [], limits: [{ window: "minute", requests: 60 }] };
  expect((await page.request.post("/api/rate_limits_update", { data: { params } })).status()).toBe(200);
  const { email, password } = newAccount();
  const other = await anotherPerson(browser, server, complaints);
  await accept(other, await inviteByApi(page, email), password);
  await other.goto(`/keys/${keyId}`);
  await expect(section(other)).toContainText("60 allowed, none used.");
  await expect(section(other).getByRole("button", { name: "Edit limits" })).toHaveAttribute("aria-disabled", "true");
  await axe(other);
  await other.context().close();
});

for (const theme of ["light", "dark"] as const) {
  test(`the limits are accessible in the ${theme} theme @phone`, async ({ page, isMobile, hydrated, axe }) => {
    await page.emulateMedia({ colorScheme: theme });
    await keyPage(page, hydrated);
    await section(page).getByRole("button", { name: "Edit limits" }).click();
    await expect(page.getByRole("dialog").getByLabel("Per day")).toBeVisible();
    await axe(page);
    await expectToFit(page);
    if (isMobile) await expectToBeTouchable(page);
  });
}

/** How many seconds this month has. */
function month(): number {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 0)).getUTCDate() * 86_400;
}
