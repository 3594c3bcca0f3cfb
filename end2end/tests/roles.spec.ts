import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";
import { call, createAndClose, row } from "../pages/keys";
import { box, createRole, fillAndCreate, group, openMenu, permissionRow, register, roleRow } from "../pages/roles";
import { expectToFit } from "../pages/screen";

test("a role is made from a whole group and a search", async ({ page, hydrated }) => {
  await signUp(page);
  await page.goto("/roles");
  await hydrated(page);
  await page.getByRole("link", { name: "+ Create Role" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Create role" })).toBeVisible();
  await expect(page.getByText("0 selected")).toBeVisible();

  const keys = group(page, "API keys");
  const all = keys.getByLabel("Select all");
  await all.check();
  await expect(page.getByText("4 selected")).toBeVisible();
  await box(page, "api.key.delete").uncheck();
  await expect(all).not.toBeChecked();
  await expect(all).toHaveJSProperty("indeterminate", true);
  await expect(keys).toContainText("3 of 4");

  const search = page.getByLabel("Search permissions");
  await search.fill("Look up");
  await expect(keys).toBeHidden();
  await box(page, "ip.lookup").check();
  await search.press("Enter");
  await expect(page).toHaveURL(/\/roles\/new$/);
  await search.fill("no permission says this");
  await expect(page.getByText("No permission matches")).toBeVisible();
  await search.fill("");
  await expect(page.getByText("4 selected")).toBeVisible();

  // What the search hides is not ticked by "Select all".
  await search.fill("organization.role.view");
  await group(page, "Roles").getByLabel("Select all").check();
  await search.fill("");
  await expect(box(page, "organization.role.view")).toBeChecked();
  await expect(box(page, "organization.role.delete")).not.toBeChecked();

  await fillAndCreate(page, { name: "Partner", description: "What partners may do" });
  await expect(page.getByText("Created Partner.")).toBeVisible();
  await expect(box(page, "api.key.view")).toBeChecked();
  await expect(box(page, "ip.lookup")).toBeChecked();
  await expect(box(page, "api.key.delete")).not.toBeChecked();
  await expect(page.getByText("5 selected")).toBeVisible();
  await expect(page.getByText("Nobody holds this role yet.")).toBeVisible();

  await page.goto("/roles");
  const made = roleRow(page, "Partner");
  await expect(made).toContainText("What partners may do");
  await expect(made).toContainText("Custom");
});

test("what is wrong with a role is said, and nothing typed is lost", async ({ page, complaints, hydrated, axe }) => {
  complaints.allowStatus(422, "/api/role_create");
  await signUp(page);
  await page.goto("/roles/new");
  await hydrated(page);
  await box(page, "usage.view").check();
  const name = page.getByLabel("Role Name");
  for (const [typed, says] of [
    ["", "must not be empty"],
    ["x".repeat(61), "at most 60 characters"],
    ["api client", "There is a role called API Client already"],
  ] as const) {
    await name.fill(typed);
    await page.getByRole("button", { name: "Create Role" }).click();
    await expect(page.getByRole("alert")).toContainText(says);
    await expect(name).toHaveValue(typed);
    await expect(name).toBeFocused();
    await expect(box(page, "usage.view")).toBeChecked();
  }
  await axe(page);
});

test("a locked system role is duplicated, and the copy changed", async ({ page, hydrated }) => {
  await signUp(page);
  await page.goto("/roles");
  await hydrated(page);
  await expect(roleRow(page, "API Client")).toContainText("System (locked)");
  await openMenu(page, "API Client");
  for (const refused of ["Edit", "Delete"]) {
    const item = roleRow(page, "API Client").getByRole("button", { name: new RegExp(`^${refused}`) });
    await expect(item).toHaveAttribute("aria-disabled", "true");
    await expect(item).toHaveAttribute("aria-description", /System roles are locked/);
  }
  await roleRow(page, "API Client").getByRole("link", { name: "Duplicate" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Duplicate role" })).toBeVisible();
  await expect(page.getByLabel("Role Name")).toHaveValue("Copy of API Client");
  await expect(box(page, "ip.lookup")).toBeChecked();
  await fillAndCreate(page, { name: "Reader", permissions: ["usage.view"] });
  await expect(page.getByText("2 selected")).toBeVisible();

  await page.goto("/roles");
  await page.getByRole("link", { name: "API Client", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "API Client" })).toBeVisible();
  await expect(page.getByText("System roles are locked. Duplicate this one and change the copy.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save Changes" })).toBeHidden();
  await expect(page.getByRole("link", { name: "Duplicate" })).toBeVisible();
});

test("an edit says whom it affects, and is in force for their next request", async ({ page, request, hydrated }) => {
  await signUp(page);
  await createRole(page, { name: "Lookup", permissions: ["ip.lookup"] }, hydrated);
  const address = page.url();
  await expect(page.getByText("Affects nobody yet.")).toBeVisible();
  await page.goto("/keys");
  await hydrated(page);
  const { secret } = await createAndClose(page, { name: "Shop", role: "Lookup" });
  expect((await call(request, secret)).status()).toBe(200);

  await page.goto(address);
  await hydrated(page);
  await expect(page.getByText("Affects 1 key.")).toBeVisible();
  await expect(page.getByRole("region", { name: "Who holds it" })).toContainText("Shop");
  await box(page, "ip.lookup").uncheck();
  await box(page, "usage.view").check();
  await expect(page.getByText("Adds usage.view; removes ip.lookup.")).toBeVisible();
  await page.getByLabel("Role Name").fill("Statistics");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await expect(page.getByText("Saved. The changes to Statistics are in force for 1 key.")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Statistics" })).toBeVisible();
  await expect(page.getByText("The permissions stay as they are.")).toBeVisible();
  const refused = await call(request, secret);
  expect(refused.status()).toBe(403);
  expect((await refused.json()).error.reason).toBe("permission_missing");
});

test("of two people who edit the same role, the second loses nothing", async ({ page, complaints, hydrated }) => {
  complaints.allowStatus(409, "/api/role_update");
  await signUp(page);
  await createRole(page, { name: "Shared", permissions: ["ip.lookup"] }, hydrated);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const params = { id, version: 1, name: "Theirs", description: "", permissions: ["usage.view"] };
  expect((await page.request.post("/api/role_update", { data: { params } })).status()).toBe(200);

  await page.getByLabel("Role Name").fill("Mine");
  await box(page, "audit.view").check();
  await page.getByRole("button", { name: "Save Changes" }).click();
  await expect(page.getByRole("alert")).toContainText("Somebody else changed this role");
  await expect(page.getByLabel("Role Name")).toHaveValue("Mine");
  await expect(box(page, "audit.view")).toBeChecked();

  await page.getByRole("button", { name: "Load what is saved now" }).click();
  await expect(page.getByLabel("Role Name")).toHaveValue("Theirs");
  await expect(box(page, "usage.view")).toBeChecked();
  await expect(box(page, "audit.view")).not.toBeChecked();
  await page.getByRole("button", { name: "Save Changes" }).click();
  await expect(page.getByText("Saved. The changes to Theirs are in force.")).toBeVisible();
});

test("a role in use is deleted with a replacement chosen in the same step", async ({ page, request, hydrated, axe }) => {
  await signUp(page);
  await createRole(page, { name: "Old", permissions: ["usage.view"] }, hydrated);
  const address = page.url();
  await page.goto("/keys");
  await hydrated(page);
  const { secret } = await createAndClose(page, { name: "Shop", role: "Old" });
  expect((await call(request, secret)).status()).toBe(403);

  await page.goto(address);
  await hydrated(page);
  await page.getByRole("button", { name: "Delete Role" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Held by 1 key.");
  await axe(page);
  await dialog.getByRole("button", { name: "Delete Role" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Choose the role that takes its place.");
  await dialog.getByLabel("Replacement role").selectOption({ label: "API Client" });
  await expect(dialog).toContainText("API Client takes its place for 1 key.");
  await dialog.getByRole("button", { name: "Delete Role" }).click();
  await expect(page).toHaveURL(/\/roles$/);
  await expect(page.getByText("Deleted Old. API Client took its place for 1 key.")).toBeVisible();
  await expect(roleRow(page, "Old")).toBeHidden();
  expect((await call(request, secret)).status()).toBe(200);
  await page.goto("/keys");
  await expect(row(page, "Shop")).toContainText("API Client");
});

test("a role that got its first key meanwhile asks for a replacement then", async ({ page, complaints, hydrated }) => {
  complaints.allowStatus(409, "/api/role_delete");
  await signUp(page);
  await createRole(page, { name: "Quiet" }, hydrated);
  const role = new URL(page.url()).pathname.split("/").at(-1);
  await page.goto("/roles");
  await hydrated(page);
  await openMenu(page, "Quiet");
  await roleRow(page, "Quiet").getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Nobody holds it.");
  const params = { name: "Late", role, environment: "production", expires_at: null };
  expect((await page.request.post("/api/key_create", { data: { params } })).status()).toBe(200);
  await dialog.getByRole("button", { name: "Delete Role" }).click();
  await expect(dialog.getByRole("alert")).toContainText("held by 1 key");
  await dialog.getByLabel("Replacement role").selectOption({ label: "API Client" });
  await dialog.getByRole("button", { name: "Delete Role" }).click();
  await expect(dialog).toBeHidden();
  await expect(roleRow(page, "Quiet")).toBeHidden();
  await expect(roleRow(page, "API Client").getByRole("link", { name: "1 key with API Client" })).toBeVisible();
});

test("an application permission is registered, put in a role, and removed from it", async ({
  page,
  request,
  hydrated,
  axe,
}) => {
  await signUp(page);
  await page.goto("/roles");
  await hydrated(page);
  await expect(page.getByRole("heading", { name: "No application permissions yet" })).toBeVisible();
  await page.getByRole("button", { name: "+ Register Permission" }).click();
  const dialog = page.getByRole("dialog");
  for (const [typed, says] of [
    ["orders", "lower-case words joined by dots"],
    ["api.orders.read", "Names that start with api. belong to the console"],
  ] as const) {
    await dialog.getByLabel("Name", { exact: true }).fill(typed);
    await expect(dialog).toContainText(says);
  }
  await axe(page);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await register(page, "orders.read", "See the orders.");
  await expect(permissionRow(page, "orders.read")).toContainText("Organization Owner, Organization Admin");

  await permissionRow(page, "orders.read").getByRole("button", { name: "Edit" }).click();
  await expect(dialog.getByLabel("Description")).toHaveValue("See the orders.");
  await dialog.getByLabel("Description").fill("See every order.");
  await dialog.getByRole("button", { name: "Save Changes" }).click();
  await expect(permissionRow(page, "orders.read")).toContainText("See every order.");

  // Within the page: whoever registers as Owner can grant it without loading the page again.
  await page.getByRole("link", { name: "+ Create Role" }).click();
  await group(page, "Application").getByRole("checkbox", { name: "orders.read" }).check();
  await fillAndCreate(page, { name: "Shop" });
  const address = page.url();
  await page.goto("/keys");
  await hydrated(page);
  const { secret } = await createAndClose(page, { name: "Shop server", role: "Shop" });
  const verify = "/v1/verify?permission=orders.read";
  expect((await call(request, secret, verify)).status()).toBe(200);

  await page.goto("/roles");
  await hydrated(page);
  await permissionRow(page, "orders.read").getByRole("button", { name: "Remove" }).click();
  await expect(dialog.getByRole("listitem")).toHaveText(["Organization Owner", "Organization Admin", "Shop"]);
  await axe(page);
  await dialog.getByRole("button", { name: "Remove Permission" }).click();
  await expect(dialog).toBeHidden();
  await expect(permissionRow(page, "orders.read")).toBeHidden();
  expect((await call(request, secret, verify)).status()).toBe(403);
  await page.goto(address);
  await expect(page.getByText("0 selected")).toBeVisible();
});

test("the search is in the address, and finds names, descriptions and permissions", async ({ page, hydrated }) => {
  await signUp(page);
  await page.goto("/roles");
  await hydrated(page);
  const search = page.getByLabel("Search roles");
  await search.fill("ip.lookup");
  await expect(page).toHaveURL(/\?q=ip\.lookup$/);
  await expect(roleRow(page, "API Client")).toBeVisible();
  await expect(roleRow(page, "Organization Member")).toBeHidden();
  await page.reload();
  await hydrated(page);
  await expect(search).toHaveValue("ip.lookup");
  await expect(roleRow(page, "Organization Member")).toBeHidden();
  await search.fill("no role says this");
  await expect(page.getByRole("heading", { name: "No role matches" })).toBeVisible();
  await page.getByRole("link", { name: "Clear search" }).click();
  await expect(roleRow(page, "Organization Member")).toBeVisible();
  await expect(search).toHaveValue("");
});

test("a role that does not exist is a page that says so", async ({ page, complaints, axe }) => {
  complaints.allowStatus(404, "/roles/role_");
  await signUp(page);
  const answer = await page.goto("/roles/role_0000000000000000000000");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1, name: "There is no such role" })).toBeVisible();
  await axe(page);
});

for (const theme of ["light", "dark"] as const) {
  test(`every page of the roles is accessible and fits in the ${theme} theme @phone`, async ({ page, hydrated, axe }) => {
    await page.emulateMedia({ colorScheme: theme });
    await signUp(page);
    await page.goto("/roles");
    await hydrated(page);
    await register(page, "orders.line_items.history.refund", "Give a customer their money back, also for old orders.");
    await createRole(page, { name: "A role with a name that takes its room, as names may", permissions: ["usage.view"] }, hydrated);
    await axe(page);
    await expectToFit(page);
    for (const path of ["/roles", "/roles?q=nothing+like+this", "/roles/new"]) {
      await page.goto(path);
      await hydrated(page);
      await axe(page);
      await expectToFit(page);
    }
    await page.goto("/roles");
    await page.getByRole("link", { name: "Organization Member", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Organization Member" })).toBeVisible();
    await axe(page);
    await expectToFit(page);
  });
}
