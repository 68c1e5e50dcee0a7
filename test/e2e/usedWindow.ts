import type { Browser, Page } from 'playwright-core';
import { runPaletteCommand } from '../host/paletteCommand.ts';

/** A VS Code window with an extension host of its own, as a user sees and uses it. */
export class UsedWindow {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** @param slots that its status bar names. */
  static async open(browser: Browser, url: string, slots: number): Promise<UsedWindow> {
    const page = await browser.newPage({ viewport: { width: 1100, height: 700 } });
    await page.goto(url, { waitUntil: 'commit' });
    const window = new UsedWindow(page);
    await window.showsInStatusBar(`/${slots} agents`, 60_000);
    await page.locator('.activitybar .action-label[aria-label*="Agent Quota"]').first().click();
    await page.evaluate(noteRows);
    return window;
  }

  /** Runs a command from the palette. */
  async run(title: string): Promise<void> {
    await runPaletteCommand(this.page, title);
  }

  /** Types a line into the terminal that is shown. */
  async type(line: string): Promise<void> {
    await this.page.locator('.terminal-wrapper.active textarea').first().focus();
    await this.page.keyboard.type(line);
    await this.page.keyboard.press('Enter');
  }

  async showsInStatusBar(text: string, timeout = 15_000): Promise<void> {
    await this.page.locator('.statusbar-item', { hasText: text }).first().waitFor({ timeout });
  }

  /** When each agent's row first was in the tree, by the clock of this machine. */
  async rows(): Promise<Record<string, number>> {
    return this.page.evaluate<Record<string, number>>('window.agentRows');
  }
}

/** Runs in the page. */
const noteRows = `(() => {
  window.agentRows = {};
  setInterval(() => {
    for (const row of document.querySelectorAll('.tree-explorer-viewlet-tree-view .monaco-list-row')) {
      const agent = /^agent-\\d+/.exec(row.getAttribute('aria-label') ?? '')?.[0];
      if (agent !== undefined) window.agentRows[agent] ??= Date.now();
    }
  }, 10);
})()`;
