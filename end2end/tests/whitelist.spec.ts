import { expect, test } from "../fixtures/test";
import { anotherPerson, newAccount, signIn, signUp } from "../pages/account";
import { call, createAndClose } from "../pages/keys";
import { expectToBeTouchable, expectToFit } from "../pages/screen";
import { accept, inviteByApi } from "../pages/team";
import { addIp, entry, switchTo } from "../pages/whitelist";

// Nothing limits the list; and the tests say from where a request comes, as a proxy does.
test.use({ serverEnv: { IPAWARE_PLAN: "Custom", IPAWARE_TRUSTED_PROXIES: "127.0.0.1" } });

const OUTSIDE = "192.0.2.77";

test("from an empty list to a whitelist that refuses", async ({ page, hydrated, axe }) => {
  await signUp(page);
  await hydrated(page);
  const { secret } = await createAndClose(page, { name: "Production Server" });
  await page.getByRole("link", { name: "Whitelist" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Whitelist" })).toBeVisible();
  await expect(page.getByText("No addresses yet")).toBeVisible();
  await axe(page);

  // One, normalised while it is typed.
  await page.getByRole("button", { name: "+ Add IP Address" }).click();
  const dialog = page.getByRole("dialog");
  const address = dialog.getByLabel("IP Address");
  await address.fill("203.0.113.9/24");
  await expect(dialog).toContainText("203.0.113.9/24 means 203.0.113.0/24.");
  await address.fill("010.1.2.3");
  await address.blur();
  await expect(dialog).toContainText("010 is octal for some programs");
  await address.fill("::ffff:203.0.113.9/120");
  await expect(dialog).toContainText("means 203.0.113.0/24.");
  await dialog.getByLabel("Label").fill("Office");
  await axe(page);
  await dialog.getByRole("button", { name: "Add IP", exact: true }).click();
  await expect(entry(page, "203.0.113.0/24")).toContainText("Office");
  await expect(page.getByText("1 IPs used")).toBeVisible();

  // Many, each with its own outcome.
  await page.getByRole("button", { name: "+ Add IP Address" }).click();
  await dialog.getByRole("button", { name: "Paste many" }).click();
  const lines = dialog.getByLabel("IP Addresses");
  await lines.fill("198.51.100.0/24 Contoso\n2001:db8::1/48\t# Data centre\n203.0.113.7 Desk\nnonsense\n203.0.113.0/24");
  await expect(dialog).toContainText("5 addresses");
  await expect(dialog.getByRole("listitem").filter({ hasText: "nonsense" })).toContainText("no IP address");
  await dialog.getByRole("button", { name: "Add IPs" }).click();
  await expect(dialog).toContainText("2 of 5 added.");
  await expect(dialog.getByRole("listitem").filter({ hasText: "203.0.113.7" })).toContainText("lies within 203.0.113.0/24 (Office)");
  await expect(dialog.getByRole("listitem").filter({ hasText: "203.0.113.0/24" }).last()).toContainText("is on the whitelist already");
  await expect(lines).toHaveValue("203.0.113.7 Desk\nnonsense\n203.0.113.0/24");
  await axe(page);
  await dialog.getByRole("button", { name: "Add IPs" }).click();
  await expect(dialog).toContainText("1 of 3 added.");
  await page.keyboard.press("Escape");
  await expect(entry(page, "203.0.113.7")).toContainText("Desk");
  await expect(entry(page, "2001:db8::/48")).toContainText("Data centre");

  // On trial: a request from elsewhere is allowed and told.
  expect(await switchTo(page, "Only Report")).toContain("Nobody is refused");
  await expect(page.getByText("Would have refused nobody in the last 7 days.")).toBeVisible();
  const ask = (from: string) =>
    page.request.get("/v1/verify?permission=ip.lookup", {
      headers: { authorization: `Bearer ${secret}`, "x-forwarded-for": from },
    });
  expect((await ask(OUTSIDE)).status()).toBe(200);
  expect((await ask("203.0.113.9")).status()).toBe(200);
  const report = page.getByRole("region", { name: "Report" });
  await expect(async () => {
    await page.reload();
    await expect(report).toContainText("Would have refused 1 caller in the last 7 days, with 1 request.", { timeout: 500 });
  }).toPass();
  await hydrated(page);
  await expect(report.getByRole("row").filter({ hasText: "Production Server" })).toContainText(OUTSIDE);
  await axe(page);

  // Whom switching it on would shut out; and then they are.
  const asked = await switchTo(page, "Switch On");
  expect(asked).toContain("Shuts out 1 caller of the last 30 days");
  expect(asked).toContain(OUTSIDE);
  await expect(page.getByText("Requests from other addresses are refused.")).toBeVisible();
  const refused = await ask(OUTSIDE);
  expect(refused.status()).toBe(403);
  expect((await refused.json()).error.reason).toBe("ip_not_allowed");
  expect((await ask("203.0.113.9")).status()).toBe(200);

  // Off again: everybody is allowed.
  await switchTo(page, "Switch Off");
  expect((await ask(OUTSIDE)).status()).toBe(200);
});

test("what is unusual is asked about, and an entry is edited and removed", async ({ page, complaints, hydrated, axe }) => {
  complaints.allowStatus(409, "/api/whitelist_create");
  await signUp(page);
  await page.goto("/whitelist");
  await hydrated(page);
  await addIp(page, "0.0.0.0/0");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("alert").last()).toContainText("Nothing was saved yet. Press Add IP again");
  await expect(dialog).toContainText("0.0.0.0/0 is every IPv4 address there is.");
  await axe(page);
  await dialog.getByLabel("IP Address").fill("203.0.113.0/24");
  await dialog.getByRole("button", { name: "Add IP", exact: true }).click();
  await expect(entry(page, "203.0.113.0/24")).toContainText("No Label");

  await entry(page, "203.0.113.0/24").getByRole("button", { name: "Edit" }).click();
  await expect(dialog.getByLabel("IP Address")).toHaveValue("203.0.113.0/24");
  await dialog.getByLabel("Label").fill("Büro Köln");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(entry(page, "203.0.113.0/24")).toContainText("Büro Köln");

  await entry(page, "203.0.113.0/24").getByRole("button", { name: "Remove" }).click();
  await expect(dialog).toContainText("Nobody is refused by that as long as the whitelist is not on.");
  await axe(page);
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await expect(page.getByText("No addresses yet")).toBeVisible();
});

test("an empty whitelist is switched on only by whoever says that it is meant", async ({ page, complaints, hydrated, axe }) => {
  complaints.allowStatus(409, "/api/whitelist_mode_update");
  await signUp(page);
  await hydrated(page);
  const { secret } = await createAndClose(page, { name: "Production Server" });
  await page.goto("/whitelist");
  await hydrated(page);
  await page.getByRole("button", { name: "Switch On" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Switch On" }).click();
  await expect(dialog.getByRole("alert").first()).toContainText("The whitelist is empty");
  await dialog.getByRole("checkbox").check();
  await axe(page);
  await dialog.getByRole("button", { name: "Switch On" }).click();
  await expect(page.getByText("Requests from other addresses are refused.")).toBeVisible();
  expect((await call(page.request, secret)).status()).toBe(403);
});

test("of two who edit the same entry, the second is told and keeps what was typed", async ({
  page,
  browser,
  server,
  complaints,
  hydrated,
}) => {
  complaints.allowStatus(409, "/api/whitelist_update");
  const owner = await signUp(page);
  await page.goto("/whitelist");
  await hydrated(page);
  await addIp(page, "203.0.113.0/24", "Office");
  const second = await anotherPerson(browser, server, complaints);
  await signIn(second, owner);
  await second.goto("/whitelist");
  await hydrated(second);
  for (const each of [page, second]) {
    await entry(each, "203.0.113.0/24").getByRole("button", { name: "Edit" }).click();
  }
  await page.getByRole("dialog").getByLabel("Label").fill("First");
  await page.getByRole("dialog").getByRole("button", { name: "Save Changes" }).click();
  await expect(entry(page, "203.0.113.0/24")).toContainText("First");

  const dialog = second.getByRole("dialog");
  await dialog.getByLabel("Label").fill("Second");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog.getByRole("alert").first()).toContainText("Somebody else changed this entry");
  await expect(dialog).toContainText("It is 203.0.113.0/24 (First) now.");
  await expect(dialog.getByLabel("Label")).toHaveValue("Second");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(entry(second, "203.0.113.0/24")).toContainText("Second");
  await second.context().close();
});

test("whoever may not see the whitelist is told what it takes", async ({ page, browser, server, complaints, axe }) => {
  complaints.allowStatus(403, /\/whitelist$/);
  await signUp(page);
  const { email, password } = newAccount();
  const other = await anotherPerson(browser, server, complaints);
  await accept(other, await inviteByApi(page, email), password);
  const answer = await other.goto("/whitelist");
  expect(answer?.status()).toBe(403);
  await expect(other.getByText("It needs organization.whitelist.view")).toBeVisible();
  await axe(other);
  await other.context().close();
});

for (const theme of ["light", "dark"] as const) {
  test(`the whitelist is accessible and fits in the ${theme} theme @phone`, async ({ page, isMobile, hydrated, axe }) => {
    await page.emulateMedia({ colorScheme: theme });
    const check = async () => {
      await axe(page);
      await expectToFit(page);
      if (isMobile) await expectToBeTouchable(page);
    };
    await signUp(page);
    await page.goto("/whitelist");
    await hydrated(page);
    await check();
    await addIp(page, "2001:db8:1234:5678:9abc:def0:1234:5678", "A label that is long enough to need more than one line");
    await expect(entry(page, "2001:db8:1234:5678:9abc:def0:1234:5678")).toBeVisible();
    await switchTo(page, "Only Report");
    await check();
    await page.getByRole("button", { name: "+ Add IP Address" }).click();
    await check();
    await page.getByRole("button", { name: "Paste many" }).click();
    await page.getByRole("textbox", { name: "IP Addresses" }).fill("203.0.113.9/24 Office\nnonsense");
    await check();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Switch On" }).click();
    await expect(page.getByRole("dialog")).toContainText("came from an address on the whitelist");
    await check();
  });
}
