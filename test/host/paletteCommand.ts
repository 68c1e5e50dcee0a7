import type { Page } from 'playwright-core';

/** Runs a command from the palette, as a user does; not the one that it lists first while it still looks for this. */
export async function runPaletteCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input[type="text"]').first();
  await input.fill(`>${title}`);
  await page.locator(`.quick-input-list .monaco-list-row[aria-label^="${title}"]`).first().click();
  await input.waitFor({ state: 'hidden' });
}
