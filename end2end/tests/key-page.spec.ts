import { anotherPerson, signIn, signUp } from "../pages/account";
import { call, createAndClose, row } from "../pages/keys";
import { section } from "../pages/overview";
import { expect, test } from "../fixtures/test";

test("a key's name in the table leads to its page, which can do what its row can", async ({ page, hydrated }) => {
  await signUp(page);
  await hydrated(page);
  const { keyId } = await createAndClose(page, { name: "Billing" });
  await row(page, "Billing").getByRole("link", { name: "Billing" }).click();
  await expect(page).toHaveURL(new RegExp(`/keys/${keyId}$`));
  await expect(page.getByRole("heading", { level: 1, name: "Billing" })).toBeVisible();
  await expect(page.getByRole("code").filter({ hasText: keyId })).toBeVisible();
  await expect(section(page, "About this key")).toContainText("Never");

  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Key Name").fill("Billing, new");
  await page.getByRole("dialog").getByRole("button", { name: "Save Changes" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Billing, new" })).toBeVisible();
  await expect(page).toHaveTitle(/Billing, new/);

  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke Key" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.locator(".title-status")).toContainText("Revoked");
  await expect(page.getByRole("button", { name: "Edit", exact: true })).toBeHidden();
});

test("the tester tells rule by rule what would happen", async ({ page, hydrated, axe, complaints }) => {
  complaints.allowStatus(422, "/api/key_explain");
  await signUp(page);
  await hydrated(page);
  const { keyId } = await createAndClose(page, { name: "Shop" });
  await page.goto(`/keys/${keyId}`);
  await hydrated(page);
  const why = section(page, "Why is it refused?");
  await expect(why).toContainText("Nothing was refused lately.");
  await why.getByRole("button", { name: "Test a request" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Permission")).toBeFocused();
  await dialog.getByLabel("Permission").fill("orders.read");
  await dialog.getByLabel("From address").fill("203.0.113.9");
  await dialog.getByRole("button", { name: "What would happen?" }).click();
  await expect(dialog).toContainText("It is answered with status 403 and permission_missing.");
  const rules = dialog.getByRole("list", { name: "Every rule in its order" }).getByRole("listitem");
  await expect(rules).toHaveCount(8);
  await expect(rules.filter({ hasText: "(Refuses)" })).toContainText("The role API Client lacks orders.read.");
  await expect(rules.filter({ hasText: "(Not reached)" })).toHaveCount(2);
  await axe(page);

  await dialog.getByLabel("Permission").fill("ip.lookup");
  await dialog.getByRole("button", { name: "What would happen?" }).click();
  await expect(dialog).toContainText("The request would be allowed.");

  // A wrong address is told, and what was typed stays.
  await dialog.getByLabel("From address").fill("here");
  await dialog.getByRole("button", { name: "What would happen?" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Write one address, such as 203.0.113.9");
  await expect(dialog.getByLabel("From address")).toHaveValue("here");
  await expect(dialog.getByLabel("Permission")).toHaveValue("ip.lookup");
});

test("a key is bound to addresses on its page", async ({ page, request, hydrated, complaints, axe }) => {
  complaints.allowStatus(409, "/api/key_networks_update");
  await signUp(page);
  await hydrated(page);
  const { secret, keyId } = await createAndClose(page, { name: "Shop" });
  await page.goto(`/keys/${keyId}`);
  await hydrated(page);
  const addresses = section(page, "Allowed addresses");
  await expect(addresses).toContainText("From any address.");
  await addresses.getByRole("button", { name: "Edit addresses" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("IP Addresses").fill("203.0.113.9/24\nhere");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Line 2: This is no IP address.");
  await axe(page);
  await dialog.getByLabel("IP Addresses").fill("203.0.113.9/24\n2001:db8::1");
  await expect(dialog).toContainText("Only from 203.0.113.0/24, 2001:db8::1.");

  // Somebody else is quicker; what was typed stays.
  const elsewhere = { before: { key: keyId, networks: [] }, networks: ["198.51.100.7"] };
  expect((await page.request.post("/api/key_networks_update", { data: { params: elsewhere } })).status()).toBe(200);
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Somebody else changed");
  await expect(dialog).toContainText("Saved now: Only from 198.51.100.7.");
  await expect(dialog.getByLabel("IP Addresses")).toHaveValue("203.0.113.9/24\n2001:db8::1");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog).toBeHidden();
  await expect(addresses.getByRole("listitem")).toHaveText(["203.0.113.0/24", "2001:db8::1"]);
  const refused = await call(request, secret);
  expect([refused.status(), (await refused.json()).error.reason]).toEqual([403, "ip_not_allowed"]);
});

test("notes are written down, and nobody's are lost", async ({ page, browser, server, hydrated, complaints }) => {
  complaints.allowStatus(409, "/api/key_notes_update");
  const account = await signUp(page);
  await hydrated(page);
  const { keyId } = await createAndClose(page, { name: "Billing" });
  await page.goto(`/keys/${keyId}`);
  await hydrated(page);
  const notes = section(page, "Notes");
  const dialog = page.getByRole("dialog");
  await notes.getByRole("button", { name: "Edit notes" }).click();
  await dialog.getByLabel("Where deployed").fill("billing-api on eu-1");
  await dialog.getByLabel("Notes", { exact: true }).fill("First line.\nSecond line.");

  const other = await anotherPerson(browser, server, complaints);
  await signIn(other, account);
  await other.goto(`/keys/${keyId}`);
  await hydrated(other);
  await section(other, "Notes").getByRole("button", { name: "Edit notes" }).click();
  await other.getByRole("dialog").getByLabel("Notes", { exact: true }).fill("Theirs.");
  await other.getByRole("dialog").getByRole("button", { name: "Save Changes" }).click();
  await expect(other.getByRole("dialog")).toBeHidden();
  await expect(section(other, "Notes")).toContainText("Theirs.");

  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog.getByText("Somebody else changed this key in the meantime.")).toBeVisible();
  await expect(dialog).toContainText("Theirs.");
  await expect(dialog.getByLabel("Notes", { exact: true })).toHaveValue("First line.\nSecond line.");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog).toBeHidden();
  await expect(notes.getByText("billing-api on eu-1")).toBeVisible();
  await page.reload();
  await expect(notes).toContainText("First line.\nSecond line.");
  await other.context().close();
});

test("a key that does not exist says so", async ({ page, complaints }) => {
  await signUp(page);
  complaints.allowStatus(404, "/keys/key_");
  for (const id of ["key_1", "key_0000000000000000000000"]) {
    const answer = await page.goto(`/keys/${id}`);
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole("heading", { level: 1, name: "There is no such API key" })).toBeVisible();
  }
});
