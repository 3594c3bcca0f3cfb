import type { Locator, Page } from "@playwright/test";

/** One of the four numbers on top of the overview. */
export function card(page: Page, label: string): Locator {
  return page.getByRole("listitem").filter({ has: page.getByRole("heading", { level: 2, name: label }) });
}

/** A section of a page, by its heading. */
export function section(page: Page, title: string): Locator {
  return page.getByRole("region", { name: title, exact: true });
}

/** The tooltips of the chart's bars in which there is something: `Wed 25 Nov 2026: 3 allowed, 1 refused`. */
export async function busyBars(chart: Locator): Promise<string[]> {
  const said = await chart.locator("svg title").allTextContents();
  return said.filter((text) => / (?!0 allowed, 0 refused)\d[\d,]* allowed, /.test(text));
}
