import { expect, test } from "../fixtures/test";
import { signIn } from "../pages/account";
import { demoSignIn } from "../pages/demo";
import { row } from "../pages/keys";

test.use({ serverArgs: ["--demo"] });

test("a member sees the keys, and every button says which permission is missing", async ({ page, server, hydrated, axe }) => {
  await signIn(page, demoSignIn(server, "Organization Member"));
  await hydrated(page);
  await expect(row(page, "Production Server")).toBeVisible();
  const create = page.getByRole("button", { name: "+ Create New Key" });
  await expect(create).toHaveAttribute("aria-disabled", "true");
  await expect(create).toHaveAttribute("aria-description", /api\.key\.create/);
  await create.click({ force: true });
  await expect(page.getByRole("dialog")).toBeHidden();
  const actions = row(page, "Production Server");
  await expect(actions.getByRole("button", { name: "Edit" })).toHaveAttribute("aria-description", /api\.key\.update/);
  await expect(actions.getByRole("button", { name: "Revoke" })).toHaveAttribute("aria-description", /api\.key\.delete/);
  await axe(page);
});

test("what the page does not offer, the server refuses as well", async ({ page, server }) => {
  await signIn(page, demoSignIn(server, "Organization Member"));
  const response = await page.request.post("/api/key_revoke", {
    data: { id: "key_0000000000000000000000", reason: "" },
  });
  expect(response.status()).toBe(403);
  expect(await response.json()).toEqual({ forbidden: { permission: "api.key.delete" } });
});
