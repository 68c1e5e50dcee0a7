import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { accessibilityViolations } from './accessibilityViolations.ts';
import type { Within } from './driverProtocol.ts';
import type { DriverHandlers } from './driverServer.ts';
import { screenshotDirectory } from './paths.ts';

const waitMs = 10_000;

/** The driver's acts on the page that shows VS Code. */
export type PageHandlers = Omit<DriverHandlers, 'report' | 'reload' | 'otherWindow'>;

/** The page that shows a window; rejects while there is none. */
export type FindPage = (within: Within) => Promise<Page>;

/** Makes the driver's acts on a page, which is asked for at each act: a reload may have replaced it. */
export function pageHandlers(findPage: FindPage): PageHandlers {
  const currentPage = (): Promise<Page> => findPage('workbench');
  return {
    screenshot: async ({ name, selector, within }) => takeScreenshot(await findPage(within), name, selector, within),
    resize: async (size) => {
      await (await currentPage()).setViewportSize(size);
    },
    press: async ({ keys }) => {
      await (await currentPage()).keyboard.press(keys);
    },
    type: async ({ text }) => {
      await (await currentPage()).keyboard.type(text);
    },
    click: async ({ selector, within, button }) => {
      const frame = await frameWith(await findPage(within), selector, within);
      await frame.locator(selector).first().click({ button, timeout: waitMs });
    },
    hover: async ({ selector, within }) => {
      const frame = await frameWith(await findPage(within), selector, within);
      await frame.locator(selector).first().hover({ timeout: waitMs });
    },
    text: async ({ selector, within }) => {
      const frame = await frameWith(await findPage(within), selector, within);
      return frame.locator(selector).first().innerText({ timeout: waitMs });
    },
    evaluate: async ({ expression, within }) => {
      const frame = await frameWith(await findPage(within), 'body *', within);
      return frame.evaluate<unknown>(expression);
    },
    violations: async ({ within }) => accessibilityViolations(await frameWith(await currentPage(), 'body *', within)),
  };
}

/** Takes a screenshot of the window or of one element, without a pointer over anything; returns its path. */
export async function takeScreenshot(page: Page, name: string, selector?: string, within?: Within): Promise<string> {
  const file = path.join(screenshotDirectory, `${name}.png`);
  await mkdir(screenshotDirectory, { recursive: true });
  const options = { path: file, animations: 'disabled', caret: 'hide', timeout: waitMs } as const;
  if (selector === undefined) {
    await page.screenshot(options);
  } else {
    const frame = await frameWith(page, selector, within ?? 'workbench');
    await frame.locator(selector).first().screenshot(options);
  }
  return file;
}

/**
 * A webview's document is a frame in a frame, both with addresses that say nothing. So: the first frame of the page,
 * other than the workbench's own, that has something for the selector.
 */
async function frameWith(page: Page, selector: string, within: Within): Promise<Frame> {
  if (within !== 'webview') return page.mainFrame();
  const deadline = Date.now() + waitMs;
  while (Date.now() < deadline) {
    for (const frame of [...page.frames()].reverse()) {
      if (frame === page.mainFrame()) continue;
      const count = await frame
        .locator(selector)
        .count()
        .catch(() => 0);
      if (count > 0) return frame;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`No webview has shown "${selector}" within ${waitMs / 1000} s.`);
}
