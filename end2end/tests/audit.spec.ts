import { expect, test } from "../fixtures/test";
import { anotherPerson, newAccount, signUp } from "../pages/account";
import { download, entry, unfold, waitForEntry } from "../pages/audit";
import { createAndClose, revoke } from "../pages/keys";
import { expectToBeTouchable, expectToFit } from "../pages/screen";
import { accept, inviteByApi } from "../pages/team";

test("what two people do, and what one of them may not, is in the trail", async ({
  page,
  browser,
  server,
  complaints,
  hydrated,
  axe,
}) => {
  complaints.allowStatus(403, /\/(audit|team)$/);
  const owner = await signUp(page);
  await hydrated(page);
  const { keyId } = await createAndClose(page, { name: "Billing" });
  await revoke(page, "Billing", "It was in a public repository.");

  const { email, password } = newAccount();
  const other = await anotherPerson(browser, server, complaints);
  await accept(other, await inviteByApi(page, email, "Organization Member"), password);
  await other.goto("/team");
  const refused = await other.goto("/audit");
  expect(refused?.status()).toBe(403);
  await expect(other.getByRole("main")).toContainText("It needs audit.view");
  await axe(other);
  await expect(other.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Audit" })).toBeHidden();
  await other.context().close();

  await waitForEntry(page, "Tried to open the page /team");
  await hydrated(page);
  await expect(entry(page, "Tried to open the page /team")).toContainText(email);
  await expect(entry(page, "Tried to open the page /team")).toContainText("Refused");
  await expect(entry(page, "Joined the organization")).toContainText(email);

  // The details, in place.
  const row = await unfold(page, "Revoked the key Billing");
  await expect(row).toContainText("It was in a public repository.");
  await expect(row.getByRole("deletion")).toHaveText("active");
  await expect(row.getByRole("insertion")).toHaveText("revoked");
  await expect(row.getByText(/^req_/)).toBeVisible();
  await expect(row.getByText(/^[0-9a-f]{64}$/)).toBeVisible();
  await axe(page);

  // Whatever happened to one key, and back.
  await row.getByRole("link", { name: keyId }).click();
  await expect(page).toHaveURL(new RegExp(`target=${keyId.replace("_", "(_|%5F)")}`));
  await expect(page.getByRole("row")).toHaveCount(3);
  await expect(entry(page, "Created the key Billing")).toBeVisible();
  await page.getByRole("link", { name: /Without the filter/ }).click();
  await expect(entry(page, "Joined the organization")).toBeVisible();

  // Filters in the address.
  await page.getByLabel("Outcome").selectOption({ label: "Refused" });
  await expect(page).toHaveURL(/outcome=refused/);
  await expect(entry(page, "Revoked the key Billing")).toBeHidden();
  await page.getByLabel("About").selectOption({ label: "API keys" });
  await expect(page.getByRole("heading", { name: "No entry matches" })).toBeVisible();
  await page.goto("/audit?action=key");
  await hydrated(page);
  await expect(page.getByLabel("About")).toHaveValue("key");
  await page.getByLabel("Search").fill("public repo");
  await expect(page).toHaveURL(/q=public/);
  await expect(entry(page, "Revoked the key Billing")).toBeVisible();
  await expect(entry(page, "Created the key Billing")).toBeHidden();

  // What is shown can be taken along.
  const csv = await download(page, /CSV/);
  expect(csv.name).toMatch(/^audit-\d{4}-\d{2}-\d{2}\.csv$/);
  expect(csv.lines).toHaveLength(2);
  expect(csv.lines[1]).toContain("Revoked the key Billing");
  const json = await download(page, /JSON Lines/);
  expect(json.lines.map((line) => JSON.parse(line).actor)).toEqual([owner.email]);
});

test("older entries are added below, and have an address of their own", async ({ page, hydrated, axe }) => {
  await signUp(page);
  for (let number = 0; number < 60; number += 1) {
    const made = await page.request.post("/api/permission_create", {
      data: { name: `orders.verb${number}`, description: "For tests." },
    });
    expect(made.ok()).toBe(true);
  }
  await page.goto("/audit");
  await hydrated(page);
  await expect(page.getByRole("row")).toHaveCount(51);
  const more = page.getByRole("link", { name: "Load more" });
  const older = await more.getAttribute("href");
  await more.click();
  await expect(page.getByRole("row")).toHaveCount(62);
  await expect(entry(page, "Created the organization")).toBeVisible();
  await expect(more).toBeHidden();
  await axe(page);
  // The same without scripts, or for whoever is sent the link.
  await page.goto(older ?? "");
  await hydrated(page);
  await expect(page.getByRole("row")).toHaveCount(12);
  await page.getByRole("link", { name: "Newest entries" }).click();
  await expect(page.getByRole("row")).toHaveCount(51);
});

for (const theme of ["light", "dark"] as const) {
  test(`the trail is accessible in the ${theme} theme @phone`, async ({ page, isMobile, hydrated, axe }) => {
    await page.emulateMedia({ colorScheme: theme });
    await signUp(page);
    const link = await inviteByApi(page, `with-a-rather-long-address.${newAccount().email}`);
    expect(link).toContain("/join");
    await page.goto("/audit");
    await hydrated(page);
    const row = await unfold(page, /^Created the invitation to/);
    await expect(row.getByText("Organization Member")).toBeVisible();
    await axe(page);
    await expectToFit(page);
    if (isMobile) await expectToBeTouchable(page);
    const token = new URL(link).searchParams.get("token") ?? link;
    expect(await page.content()).not.toContain(token);
  });
}
