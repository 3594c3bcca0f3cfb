import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";
import { call, create, haveCopied, revoke, row } from "../pages/keys";

// The main job, once through: it has to work on a phone as well.
test("a key from the click to the refusal @phone", async ({ page, request, hydrated, axe }) => {
  await signUp(page);
  await hydrated(page);
  await axe(page);

  const { secret, keyId } = await create(page, { name: "Production Server", environment: "Production" });
  await axe(page);
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("cannot be shown again");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await dialog.getByTitle("Copy secret key").click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  await haveCopied(page);

  await expect(row(page, "Production Server")).toContainText("Active");
  const allowed = await call(request, secret);
  expect(allowed.status()).toBe(200);
  expect((await allowed.json()).data).toMatchObject({ ip: "8.8.8.8", version: 4, scope: "global" });

  await row(page, "Production Server").getByRole("button", { name: "Edit" }).click();
  await expect(dialog.getByLabel("Key ID")).toHaveValue(keyId);
  await dialog.getByLabel("Key Name").fill("Production Server v2");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog).toBeHidden();
  await expect(row(page, "Production Server v2")).toBeVisible();
  expect((await call(request, secret)).status()).toBe(200);

  await revoke(page, "Production Server v2", "The journey is over");
  await expect(page.getByText(/Revoked\. Refused everywhere as of/)).toBeVisible();
  await expect(row(page, "Production Server v2")).toBeHidden();
  // The button that had the focus is gone with its row.
  await expect(page.getByRole("main")).toBeFocused();
  const refused = await call(request, secret);
  expect(refused.status()).toBe(401);
  expect((await refused.json()).error.reason).toBe("revoked");

  await page.goto("/keys?status=revoked");
  await hydrated(page);
  const gone = row(page, "Production Server v2");
  await expect(gone).toContainText("Revoked");
  await expect(gone).toContainText("The journey is over");
  await expect(gone.getByRole("button", { name: "Edit" })).toBeHidden();
  await axe(page);
});
