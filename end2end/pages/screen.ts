import type { Page } from "@playwright/test";
import { expect } from "../fixtures/test";

/** Nothing reaches beyond the sides of the screen, and no table beyond what it stands in. */
export async function expectToFit(page: Page): Promise<void> {
  const beyond = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const tables = [...document.querySelectorAll("table")].filter((table) => table.checkVisibility());
    const wide = tables.map((table) => {
      const around = table.parentElement ?? document.body;
      const edge = around.getBoundingClientRect().right - parseFloat(getComputedStyle(around).paddingRight);
      return { of: table.getAttribute("aria-label") ?? "a table", by: table.getBoundingClientRect().right - edge };
    });
    return [{ of: "the page", by: scrollWidth - clientWidth }, ...wide]
      .filter(({ by }) => by > 0.5)
      .map(({ of, by }) => `${of}: ${by} px`);
  });
  expect(beyond, `too wide on ${page.url()}`).toEqual([]);
}

/** Whatever can be pressed is high enough for a finger. Boxes are pressed by their label. */
export async function expectToBeTouchable(page: Page): Promise<void> {
  const small = await page.evaluate(() => {
    const scope = document.querySelector("dialog[open]") ?? document.body;
    return [...scope.querySelectorAll("button, a.button, nav a, select, summary, input:not([type=checkbox])")]
      .filter((element) => element.checkVisibility())
      .map((element) => ({ of: element.closest("label") ?? element, says: element.textContent || element.id }))
      .filter(({ of }) => of.getBoundingClientRect().height < 43.5)
      .map(({ of, says }) => `${says.trim()}: ${of.getBoundingClientRect().height} px`);
  });
  expect(small, `too small for a finger on ${page.url()}`).toEqual([]);
}
