import { signIn } from "../pages/account";
import { demoSignIn } from "../pages/demo";
import { busyBars, card, section } from "../pages/overview";
import { expect, test } from "../fixtures/test";

test.use({ serverArgs: ["--demo"] });

test("without scripts, the overview can be read", async ({ page, server }) => {
  await signIn(page, demoSignIn(server, "Organization Owner"));
  await page.goto("/");
  await expect(card(page, "Requests this month")).toContainText(/\d,\d{3}/);
  await expect(section(page, "Requests")).toContainText("By the clocks of UTC.");
  expect((await busyBars(section(page, "Requests"))).length).toBe(30);
  await section(page, "Requests").getByRole("link", { name: "12 months" }).click();
  await expect(page).toHaveURL(/\?window=12m$/);
  await section(page, "Requests").getByText("Show the numbers").click();
  await expect(section(page, "Requests").getByRole("row")).toHaveCount(13);
});
