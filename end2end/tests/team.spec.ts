import { expect, test } from "../fixtures/test";
import { anotherPerson, newAccount, signIn, signUp } from "../pages/account";
import { createAndClose, row } from "../pages/keys";
import { expectToBeTouchable, expectToFit } from "../pages/screen";
import { accept, choose, createRole, invite, inviteByApi, manageRoles, person, shownLink } from "../pages/team";

test("an Owner and a collaborator, at the same time", async ({ page, browser, server, complaints, hydrated, axe }) => {
  complaints.allowStatus(403, /\/(roles|team)$/);
  complaints.allowStatus(403, "/api/key_create");
  const owner = await signUp(page);
  await hydrated(page);
  await createAndClose(page, { name: "Production Server" });
  await createRole(page, "Key Maker", ["api.key.view", "api.key.create", "ip.lookup"]);
  await page.getByRole("link", { name: "Team" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Team" })).toBeVisible();
  await axe(page);

  // Invited as somebody who may look.
  const { email, password } = newAccount();
  const link = await invite(page, email, "Organization Member");
  await expect(person(page, email)).toContainText("expires in 6 days");
  await expect(person(page, email)).toContainText("No mail server: copy the link.");
  const other = await anotherPerson(browser, server, complaints);
  await other.goto(link);
  await expect(other.getByRole("heading", { level: 1 })).toHaveText(`Join ${owner.organization}`);
  await expect(other.getByRole("main")).toContainText(owner.email);
  await expect(other.getByLabel("Email")).toHaveValue(email);
  await expect(other.getByLabel("Email")).not.toBeEditable();
  await expect(other.getByRole("main")).toContainText("See the API keys and their details.");
  await accept(other, link, password);

  // Sees the keys and is told what is missing for the rest.
  await hydrated(other);
  await expect(row(other, "Production Server")).toBeVisible();
  const create = other.getByRole("button", { name: "+ Create New Key" });
  await expect(create).toHaveAttribute("aria-disabled", "true");
  await expect(create).toHaveAttribute("aria-description", /api\.key\.create/);
  const pages = other.getByRole("navigation", { name: "Main" }).getByRole("link");
  await expect(pages).toHaveText(["Overview", "API Keys", "Alerts", "Settings"]);
  for (const [path, title, missing] of [
    ["/roles", "Roles", "organization.role.view"],
    ["/team", "Team", "organization.member.view"],
  ] as const) {
    const response = await other.goto(path);
    expect(response?.status(), path).toBe(403);
    await expect(other.getByRole("heading", { level: 1 })).toHaveText(title);
    await expect(other.getByRole("main")).toContainText(missing);
    await expect(other.getByRole("main")).toContainText(owner.email);
    await axe(other);
  }

  // The Owner gives them more.
  await page.reload();
  await hydrated(page);
  await expect(person(page, email)).toContainText("ACTIVE");
  await manageRoles(page, email, { "Key Maker": true });
  await expect(person(page, email)).toContainText("Key Maker");
  await expect(person(page, email)).toContainText("Organization Member");

  // They make a key, with no more than they have.
  await other.goto("/keys");
  await hydrated(other);
  await create.click();
  await expect(other.locator("dialog[open] option", { hasText: "Organization Admin" })).toHaveAttribute("disabled", "");
  await other.keyboard.press("Escape");
  await createAndClose(other, { name: "Made by a collaborator" });

  // The Owner takes it away while their page is open. They are told at the next attempt, on the same page.
  await other.evaluate(() => Object.assign(globalThis, { stillTheSamePage: true }));
  await manageRoles(page, email, { "Key Maker": false });
  await create.click();
  const dialog = other.getByRole("dialog");
  await dialog.getByLabel("Key Name").fill("Too late");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(other.getByText(/Your role cannot do this\. It needs api\.key\.create/).first()).toBeVisible();
  await expect(create).toHaveAttribute("aria-disabled", "true");
  await expect(dialog).toBeHidden();
  expect(await other.evaluate(() => "stillTheSamePage" in globalThis)).toBe(true);
  await other.context().close();
});

test("a member who is removed is out at once, and their keys stay", async ({ page, browser, server, complaints, hydrated, axe }) => {
  complaints.allowStatus(401, "/api/");
  await signUp(page);
  await hydrated(page);
  const { email, password } = newAccount();
  const other = await anotherPerson(browser, server, complaints);
  await accept(other, await inviteByApi(page, email, "Organization Admin"), password);
  await hydrated(other);
  await createAndClose(other, { name: "Outlives its maker" });

  await page.goto("/team");
  await hydrated(page);
  await person(page, email).getByRole("button", { name: "Remove" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("at once");
  await expect(dialog.getByRole("link", { name: "Outlives its maker" })).toBeVisible();
  await axe(page);
  await dialog.getByRole("button", { name: "Remove Member" }).click();
  await expect(dialog).toBeHidden();
  await expect(person(page, email)).toBeHidden();

  await row(other, "Outlives its maker").getByRole("button", { name: "Edit" }).click();
  await other.getByRole("dialog").getByRole("button", { name: "Save Changes" }).click();
  await expect(other).toHaveURL(/\/sign-in/);
  await page.goto("/keys");
  await expect(row(page, "Outlives its maker")).toContainText("Active");
  await other.context().close();
});

test("of two who change the same member, the second is told and keeps what was ticked", async ({
  page,
  browser,
  server,
  complaints,
  hydrated,
}) => {
  complaints.allowStatus(409, "/api/member_update");
  const owner = await signUp(page);
  const { email, password } = newAccount();
  const invited = await anotherPerson(browser, server, complaints);
  await accept(invited, await inviteByApi(page, email), password);
  await invited.context().close();
  await createRole(page, "Reader", ["usage.view"]);
  const second = await anotherPerson(browser, server, complaints);
  await signIn(second, owner);
  for (const each of [page, second]) {
    await each.goto("/team");
    await hydrated(each);
  }
  await person(second, email).getByRole("button", { name: "Manage Roles" }).click();
  await manageRoles(page, email, { Reader: true });

  const dialog = second.getByRole("dialog");
  await dialog.getByRole("checkbox", { name: "API Client", exact: true }).check();
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Somebody else changed this member");
  await expect(dialog.getByRole("definition").nth(1)).toContainText("Reader");
  await expect(dialog.getByRole("checkbox", { name: "API Client", exact: true })).toBeChecked();
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(dialog).toBeHidden();
  await expect(person(second, email)).toContainText("API Client");
  await expect(person(second, email)).not.toContainText("Reader");
  await second.context().close();
});

test("an invitation is sent again, changed and withdrawn", async ({ page, context, complaints, hydrated, axe }) => {
  complaints.allowStatus(410, "/join");
  await signUp(page);
  await page.goto("/team");
  await hydrated(page);
  const { email } = newAccount();
  const first = await invite(page, email);

  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await choose(page, email, "Copy link");
  await expect(page.getByText("Invitation link copied.")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(first);

  await choose(page, email, "Resend");
  const second = await shownLink(page);
  expect(second).not.toBe(first);
  await axe(page);
  await page.getByRole("button", { name: "Done" }).click();

  await choose(page, email, "Change role");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Role" }).selectOption({ label: "Organization Admin" });
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(person(page, email)).toContainText("Organization Admin");

  const gone = await page.request.get(first);
  expect(gone.status()).toBe(410);
  const valid = await page.request.get(second);
  expect(valid.status()).toBe(200);

  await choose(page, email, "Withdraw");
  await axe(page);
  await dialog.getByRole("button", { name: "Withdraw" }).click();
  await expect(person(page, email)).toBeHidden();
  await page.context().clearCookies();
  const response = await page.goto(second);
  expect(response?.status()).toBe(410);
  await expect(page.getByRole("main")).toContainText("This invitation is not valid.");
  await axe(page);
});

test("a browser that does not let copy gets the link in a field", async ({ page, hydrated }) => {
  await signUp(page);
  const { email } = newAccount();
  const link = await inviteByApi(page, email);
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await page.goto("/team");
  await hydrated(page);
  await choose(page, email, "Copy link");
  expect(await shownLink(page)).toBe(link);
  await expect(page.getByRole("textbox", { name: "Invitation link" })).toBeFocused();
});

test("what is typed into the invitation stays when it is refused or closed", async ({ page, complaints, hydrated, axe }) => {
  complaints.allowStatus(422, "/api/invitation_create");
  const owner = await signUp(page);
  await page.goto("/team");
  await hydrated(page);
  await page.getByRole("button", { name: "+ Invite Member" }).click();
  const dialog = page.getByRole("dialog");
  const field = dialog.getByLabel("Email");
  for (const [typed, says] of [
    ["nobody", "must look like name@example.com"],
    [owner.email, "is a member already"],
  ] as const) {
    await field.fill(typed);
    await dialog.getByRole("button", { name: "Send Invite" }).click();
    await expect(dialog.getByRole("alert")).toContainText(says);
    await expect(field).toHaveValue(typed);
    await expect(field).toBeFocused();
  }
  await axe(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "+ Invite Member" }).click();
  await expect(field).toHaveValue(owner.email);
});

test("an invitation is for one person, and adds to the account they have", async ({
  page,
  browser,
  server,
  complaints,
  hydrated,
  axe,
}) => {
  complaints.allowStatus(422, "/api/invitation_accept");
  const owner = await signUp(page);
  const other = await anotherPerson(browser, server, complaints);
  const invited = await signUp(other);
  const link = await inviteByApi(page, invited.email);

  // Somebody else is signed in.
  await page.goto(link);
  await hydrated(page);
  await expect(page.getByRole("main")).toContainText(`This invitation is for ${invited.email}`);
  await axe(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);

  // Nobody is: the password of the account is asked for.
  await page.goto(link);
  await hydrated(page);
  await expect(page.getByRole("main")).toContainText("has an account already");
  await page.getByLabel("Your password").fill("not the password");
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.getByRole("alert")).toContainText("not the password");
  await axe(page);

  // They are: one button is enough, and both organizations are theirs.
  await other.goto(link);
  await hydrated(other);
  await expect(other.getByLabel("Your password")).toBeHidden();
  await other.getByRole("button", { name: "Join" }).click();
  await expect(other).toHaveURL(/:\d+\/$/);
  await hydrated(other);
  await other.getByRole("button", { name: `Organization: ${owner.organization}` }).click();
  await axe(other);
  await other.getByRole("button", { name: invited.organization }).click();
  await expect(other.getByRole("button", { name: `Organization: ${invited.organization}` })).toBeVisible();
  await other.context().close();
});

test("the ownership is handed on with the password, and not without", async ({
  page,
  browser,
  server,
  complaints,
  hydrated,
  axe,
}) => {
  complaints.allowStatus(422, "/api/ownership_transfer");
  const owner = await signUp(page);
  const { email, password } = newAccount();
  const other = await anotherPerson(browser, server, complaints);
  await accept(other, await inviteByApi(page, email), password);
  await page.goto("/team");
  await hydrated(page);

  const leave = person(page, owner.email).getByRole("button", { name: "Leave" });
  await expect(leave).toHaveAttribute("aria-disabled", "true");
  await expect(leave).toHaveAttribute("aria-description", /must have an Owner/);

  await choose(page, email, "Transfer Ownership");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("You become an Organization Admin");
  await dialog.getByLabel("Your password").fill("not the password");
  await dialog.getByRole("button", { name: "Transfer Ownership" }).click();
  await expect(dialog.getByRole("alert")).toContainText("not the password");
  await axe(page);
  await dialog.getByLabel("Your password").fill(owner.password);
  await dialog.getByRole("button", { name: "Transfer Ownership" }).click();
  await expect(dialog).toBeHidden();
  await expect(person(page, email)).toContainText("Organization Owner");
  await expect(person(page, owner.email)).toContainText("Organization Admin");

  await leave.click();
  await expect(dialog).toContainText(owner.organization);
  await dialog.getByRole("button", { name: "Leave" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await other.context().close();
});

test("search and role live in the address", async ({ page, hydrated }) => {
  const owner = await signUp(page);
  await inviteByApi(page, "grace@example.com");
  await page.goto("/team");
  await hydrated(page);
  await page.getByLabel("Search").fill("grace");
  await expect(page).toHaveURL(/q=grace/);
  await expect(person(page, "grace@example.com")).toBeVisible();
  await expect(person(page, owner.email)).toBeHidden();
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel("Search")).toHaveValue("grace");
  await page.getByRole("combobox", { name: "Role" }).selectOption({ label: "Organization Owner" });
  await expect(page.getByRole("heading", { name: "Nobody matches" })).toBeVisible();
  await page.getByRole("link", { name: "Clear filters" }).first().click();
  await expect(person(page, owner.email)).toBeVisible();
});

for (const theme of ["light", "dark"] as const) {
  test(`team and invitation are accessible in the ${theme} theme @phone`, async ({ page, isMobile, hydrated, axe }) => {
    await page.emulateMedia({ colorScheme: theme });
    const owner = await signUp(page);
    const email = `with-a-rather-long-address.${newAccount().email}`;
    const link = await inviteByApi(page, email);
    const check = async () => {
      await axe(page);
      await expectToFit(page);
      if (isMobile) await expectToBeTouchable(page);
    };
    await page.goto("/team");
    await hydrated(page);
    await expect(person(page, email)).toBeVisible();
    await check();
    await page.getByRole("button", { name: "+ Invite Member" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await check();
    await page.keyboard.press("Escape");
    await person(page, email).getByRole("button", { name: "More actions" }).click();
    await expect(page.getByRole("button", { name: "Withdraw" })).toBeVisible();
    await check();

    await page.context().clearCookies();
    await page.goto(link);
    await hydrated(page);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Join ${owner.organization}`);
    await check();
    // Neither the title nor anything that leads elsewhere knows the token.
    const token = new URL(link).searchParams.get("token") ?? link;
    expect(await page.title()).not.toContain(token);
    const links = await page.locator("a").evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href));
    for (const href of links) expect(new URL(href).origin).toBe(new URL(page.url()).origin);
  });
}
