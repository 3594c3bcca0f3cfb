import { expect, test } from "../fixtures/test";
import { signIn } from "../pages/account";
import { demoSignIn } from "../pages/demo";
import { roleRow } from "../pages/roles";

test.use({ serverArgs: ["--demo"] });

test("whoever may not see the roles is told what it takes", async ({ page, server, complaints, axe }) => {
  complaints.allowStatus(403, "/roles");
  await signIn(page, demoSignIn(server, "Organization Member"));
  for (const path of ["/roles", "/roles/new", "/roles/role_0000000000000000000000"]) {
    const answer = await page.goto(path);
    expect(answer?.status()).toBe(403);
    await expect(page.getByText("It needs organization.role.view")).toBeVisible();
    await axe(page);
  }
});

test("the table counts who holds a role and leads to them", async ({ page, server, hydrated, axe }) => {
  await signIn(page, demoSignIn(server, "Organization Admin"));
  await page.goto("/roles");
  await hydrated(page);
  await expect(roleRow(page, "Organization Owner")).toContainText("System (locked)");
  await axe(page);
  await roleRow(page, "Partner Integration").getByRole("link", { name: /keys? with Partner Integration/ }).click();
  await expect(page).toHaveURL(/\/keys\?role=role_/);
});
