import { signUp } from "../pages/account";
import { call, createAndClose } from "../pages/keys";
import { busyBars, card, section } from "../pages/overview";
import { expect, test } from "../fixtures/test";

test("real traffic moves the numbers and the chart", async ({ page, request, hydrated, complaints }) => {
  await signUp(page);
  await hydrated(page);
  const key = await createAndClose(page, { name: "Shop" });
  await page.goto("/");
  await expect(card(page, "Requests this month")).toContainText("0");
  await expect(card(page, "Success rate")).toContainText("No request yet this month");
  await expect(card(page, "Keys used this month")).toContainText("of 1 key");

  complaints.allowStatus(403, "/v1/verify");
  for (let i = 0; i < 3; i++) expect((await call(request, key.secret, "/v1/verify?permission=ip.lookup")).status()).toBe(200);
  expect((await call(request, key.secret, "/v1/verify?permission=orders.read")).status()).toBe(403);

  // What was answered reaches the page within a second or two.
  const requests = async () => {
    await page.goto("/?window=24h");
    return card(page, "Requests this month").innerText();
  };
  await expect.poll(requests, { timeout: 15_000 }).toMatch(/\n4\n/);
  await expect(card(page, "Success rate")).toContainText("75 %");
  await expect(card(page, "Success rate")).toContainText("Bad");
  await expect(card(page, "Remaining quota")).toContainText("4,997");
  const bars = await busyBars(section(page, "Requests"));
  expect(bars.join()).toMatch(/: 3 allowed, 1 refused$/);
  await expect(section(page, "Requests")).toContainText("permission_missing 1");
  await expect(section(page, "Twelve months").getByRole("row").nth(1)).toContainText("75 %");

  await page.goto(`/keys/${key.keyId}?window=24h`);
  await expect(section(page, "Audit")).toContainText("Shop");
  const download = page.waitForEvent("download");
  await section(page, "Requests").getByRole("link", { name: "Download CSV" }).click();
  expect((await download).suggestedFilename()).toMatch(/^usage-\d{4}-\d\d-\d\d\.csv$/);
  expect((await busyBars(section(page, "Requests"))).join()).toMatch(/: 3 allowed, 1 refused$/);
});

test("the chart has a window for each question, and each an address", async ({ page, hydrated }) => {
  await signUp(page);
  await page.goto("/");
  await hydrated(page);
  const chart = section(page, "Requests");
  await expect(chart.getByRole("link", { name: "30 days" })).toHaveAttribute("aria-current", "true");
  await chart.getByRole("link", { name: "24 hours" }).click();
  await expect(page).toHaveURL(/\?window=24h$/);
  await expect(chart.getByRole("img")).toHaveAccessibleName(/0 requests in the last 24 hours/);
  await chart.getByText("Show the numbers").click();
  await expect(chart.getByRole("table")).toHaveAccessibleName("Requests in the last 24 hours");
  await expect(chart.getByRole("row")).toHaveCount(25);
  await page.goBack();
  await expect(chart.getByRole("img")).toHaveAccessibleName(/in the last 30 days/);
});

test.describe("far from UTC", () => {
  test.use({ timezoneId: "America/New_York" });

  test("days and months begin by the clocks of whoever looks", async ({ page, hydrated }) => {
    await signUp(page);
    const hour = () =>
      page.evaluate(() => `${new Date().toLocaleTimeString("en-GB", { hour: "2-digit" })}:00`);
    const before = await hour();
    await page.goto("/?window=24h");
    await hydrated(page);
    const chart = section(page, "Requests");
    await expect(chart).toContainText("By the clocks of America/New York.");
    await chart.getByText("Show the numbers").click();
    // The latest comes first, below the heads; the hour may have ended in the meantime.
    await expect(chart.getByRole("row").nth(1)).toContainText(new RegExp(`${before}|${await hour()}`));
  });
});
