import { anotherPerson, signIn, signUp } from "../pages/account";
import { demoSignIn } from "../pages/demo";
import { createAndClose, row } from "../pages/keys";
import { section } from "../pages/overview";
import { expectToBeTouchable, expectToFit } from "../pages/screen";
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

test("the tester tells rule by rule what would happen", async ({ page, hydrated }) => {
  await signUp(page);
  await hydrated(page);
  const { keyId } = await createAndClose(page, { name: "Shop" });
  await page.goto(`/keys/${keyId}`);
  await hydrated(page);
  const why = section(page, "Why is it refused?");
  await expect(why).toContainText("Nothing was refused lately.");
  await why.getByLabel("Permission").fill("orders.read");
  await why.getByLabel("From address").fill("203.0.113.9");
  await why.getByRole("button", { name: "What would happen?" }).click();
  await expect(page).toHaveURL(/\?permissions=orders\.read&address=203\.0\.113\.9$/);
  await expect(why).toContainText("It is answered with status 403 and permission_missing.");
  const rules = why.getByRole("list", { name: "Every rule in its order" }).getByRole("listitem");
  await expect(rules).toHaveCount(7);
  await expect(rules.filter({ hasText: "(Refuses)" })).toContainText("The role API Client lacks orders.read.");
  await expect(rules.filter({ hasText: "(Not reached)" })).toHaveCount(1);

  await why.getByLabel("Permission").fill("ip.lookup");
  await why.getByRole("button", { name: "What would happen?" }).click();
  await expect(why).toContainText("The request would be allowed.");
  await page.goBack();
  await expect(why).toContainText("permission_missing");
  await expect(why.getByLabel("Permission")).toHaveValue("orders.read");
});

test("a wrong address is told, and what was typed stays", async ({ page, hydrated, complaints }) => {
  complaints.allowStatus(422, "/api/key_explain");
  await signUp(page);
  await hydrated(page);
  const { keyId } = await createAndClose(page, { name: "Shop" });
  await page.goto(`/keys/${keyId}`);
  await hydrated(page);
  const why = section(page, "Why is it refused?");
  await why.getByLabel("From address").fill("here");
  await why.getByRole("button", { name: "What would happen?" }).click();
  await expect(why.getByRole("alert")).toContainText("Write one address, such as 203.0.113.9");
  await expect(why.getByLabel("From address")).toHaveValue("here");
});

test("notes are written in place, and nobody's are lost", async ({ page, browser, server, hydrated, complaints }) => {
  complaints.allowStatus(409, "/api/key_notes_update");
  const account = await signUp(page);
  await hydrated(page);
  const { keyId } = await createAndClose(page, { name: "Billing" });
  await page.goto(`/keys/${keyId}`);
  await hydrated(page);
  const notes = section(page, "Notes");
  await notes.getByRole("button", { name: "Edit notes" }).click();
  await notes.getByLabel("Where deployed").fill("billing-api on eu-1");
  await notes.getByLabel("Notes", { exact: true }).fill("First line.\nSecond line.");

  const other = await anotherPerson(browser, server, complaints);
  await signIn(other, account);
  await other.goto(`/keys/${keyId}`);
  await hydrated(other);
  const theirs = section(other, "Notes");
  await theirs.getByRole("button", { name: "Edit notes" }).click();
  await theirs.getByLabel("Notes", { exact: true }).fill("Theirs.");
  await theirs.getByRole("button", { name: "Save Changes" }).click();
  await expect(theirs.getByRole("button", { name: "Edit notes" })).toBeVisible();

  await notes.getByRole("button", { name: "Save Changes" }).click();
  await expect(notes.getByText("Somebody else changed this key in the meantime.")).toBeVisible();
  await expect(notes).toContainText("Theirs.");
  await expect(notes.getByLabel("Notes", { exact: true })).toHaveValue("First line.\nSecond line.");
  await notes.getByRole("button", { name: "Save Changes" }).click();
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

test.describe("in the demo", () => {
  test.use({ serverArgs: ["--demo"] });

  test("everything about a busy key fits on any screen @phone", async ({ page, server, hydrated, axe }) => {
    await signIn(page, demoSignIn(server, "Organization Owner"));
    await page.goto("/keys?q=Mobile");
    await page.getByRole("link", { name: "Mobile App" }).click();
    await hydrated(page);
    await expect(section(page, "Why is it refused?").getByRole("row")).toHaveCount(11);
    await page.goto(`${page.url()}?window=12m&permissions=orders.refund&address=203.0.113.140`);
    await hydrated(page);
    await expect(section(page, "Why is it refused?")).toContainText("lacks orders.refund");
    await expectToFit(page);
    await expectToBeTouchable(page);
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
});
