import { expect, test } from "../fixtures/test";
import { signUp } from "../pages/account";

test.use({ serverEnv: { IPAWARE_SIGN_UP: "first" } });

test("after the first account, sign-up is closed and says what to do", async ({ page, complaints }) => {
  complaints.allowStatus(403, "/sign-up");
  await signUp(page);
  await page.context().clearCookies();
  const response = await page.goto("/sign-up");
  expect(response?.status()).toBe(403);
  await expect(page.getByText("Sign-up is closed. Ask an Organization Owner or Admin")).toBeVisible();
  await expect(page.getByRole("button", { name: "Create account" })).toBeHidden();
});
