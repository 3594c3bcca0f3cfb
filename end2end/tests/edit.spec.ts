import { expect, test } from "../fixtures/test";
import { anotherPerson, signIn, signUp } from "../pages/account";
import { call, createAndClose, haveCopied, row } from "../pages/keys";

test("of two people who edit the same key, the second sees both values and loses nothing", async ({
  page,
  browser,
  server,
  complaints,
  hydrated,
}) => {
  complaints.allowStatus(409, "/api/key_update");
  const account = await signUp(page);
  await hydrated(page);
  await createAndClose(page, { name: "Shared" });

  const other = await anotherPerson(browser, server, complaints);
  await signIn(other, account);
  await hydrated(other);

  await row(page, "Shared").getByRole("button", { name: "Edit" }).click();
  await row(other, "Shared").getByRole("button", { name: "Edit" }).click();
  await page.getByRole("dialog").getByLabel("Key Name").fill("Mine");
  await page.getByRole("dialog").getByRole("button", { name: "Save Changes" }).click();
  await expect(row(page, "Mine")).toBeVisible();

  const dialog = other.getByRole("dialog");
  await dialog.getByLabel("Key Name").fill("Theirs");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog).toContainText("Somebody else changed this key");
  await expect(dialog.getByRole("row", { name: /Key Name/ })).toContainText("Theirs");
  await expect(dialog.getByRole("row", { name: /Key Name/ })).toContainText("Mine");
  await dialog.getByRole("button", { name: "Save my values" }).click();
  await expect(dialog).toBeHidden();
  await expect(row(other, "Theirs")).toBeVisible();
  await other.context().close();
});

test("bad names are refused in the page, and nothing typed is lost", async ({ page, hydrated, axe }) => {
  await signUp(page);
  await hydrated(page);
  await page.getByRole("button", { name: "+ Create New Key" }).click();
  const dialog = page.getByRole("dialog");
  const name = dialog.getByLabel("Key Name");
  for (const [typed, says] of [
    ["", "must not be empty"],
    ["x".repeat(81), "at most 80 characters"],
    ["tab\u0007bell", "control characters"],
  ] as const) {
    await name.fill(typed);
    await dialog.getByRole("button", { name: "Create", exact: true }).click();
    await expect(dialog.getByRole("alert")).toContainText(says);
    await expect(name).toHaveValue(typed);
    await expect(name).toBeFocused();
  }
  await axe(page);
});

test("half a date is no date, and is not taken for none", async ({ page, hydrated }) => {
  await signUp(page);
  await hydrated(page);
  await page.getByRole("button", { name: "+ Create New Key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Key Name").fill("Should expire");
  await dialog.getByLabel("Expires").focus();
  await page.keyboard.type("12");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("not a whole day");
  await dialog.getByLabel("Expires").fill("2099-12-31");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(dialog.getByRole("textbox", { name: "Secret Key" })).toHaveValue(/^ipaware_/);
  await haveCopied(page);
  await expect(row(page, "Should expire")).toContainText("expires");
});

test("a key that somebody else has revoked leaves the table when that is found out", async ({ page, complaints, hydrated }) => {
  complaints.allowStatus(409, "/api/key_revoke");
  await signUp(page);
  await hydrated(page);
  const { keyId } = await createAndClose(page, { name: "Gone already" });
  const revoked = await page.request.post("/api/key_revoke", { data: { id: keyId, reason: "elsewhere" } });
  expect(revoked.status()).toBe(200);
  await row(page, "Gone already").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke Key" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("was revoked");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(row(page, "Gone already")).toBeHidden();
});

test("pausing refuses the key until it is resumed", async ({ page, request, hydrated }) => {
  await signUp(page);
  await hydrated(page);
  const { secret } = await createAndClose(page, { name: "Sleeper" });
  expect((await call(request, secret)).status()).toBe(200);

  await row(page, "Sleeper").getByRole("button", { name: "More actions" }).click();
  await page.getByRole("button", { name: "Pause" }).or(page.getByRole("menuitem", { name: "Pause" })).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause Key" }).click();
  await expect(row(page, "Sleeper")).toContainText("Paused");
  const refused = await call(request, secret);
  expect(refused.status()).toBe(401);
  expect((await refused.json()).error.reason).toBe("paused");

  await row(page, "Sleeper").getByRole("button", { name: "More actions" }).click();
  await page.getByRole("button", { name: "Resume" }).or(page.getByRole("menuitem", { name: "Resume" })).click();
  await expect(row(page, "Sleeper")).toContainText("Active");
  expect((await call(request, secret)).status()).toBe(200);
});

test("the smallest plan allows five keys, and says what to do", async ({ page, complaints, hydrated, axe }) => {
  complaints.allowStatus(409, "/api/key_create");
  await signUp(page);
  await hydrated(page);
  for (let number = 1; number <= 5; number++) {
    await createAndClose(page, { name: `Key ${number}` });
  }
  await expect(page.getByText("5 of 5 active keys")).toBeVisible();
  await page.getByRole("button", { name: "+ Create New Key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Key Name").fill("One too many");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("allows 5 active API keys and you have 5");
  await expect(dialog.getByRole("alert")).toContainText("Revoke unused keys");
  await expect(dialog.getByLabel("Key Name")).toHaveValue("One too many");
  await axe(page);
});
