import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { createDeferred } from './deferred.ts';
import { startServedVsCode } from './servedVsCode.ts';
import type { TestWindow, TestWindowEvents, TestWindowOptions } from './testWindow.ts';

const settleMs = 10_000;

/** Starts the VS Code that npm brings, shown by a headless browser. */
export async function openServedTestWindow(
  options: TestWindowOptions,
  { onEnded, onLog }: TestWindowEvents,
): Promise<TestWindow> {
  const server = await startServedVsCode({ ...options, onLine: onLog });
  let stopping = false;
  void server.exited.then((code) => {
    if (!stopping) onEnded(`VS Code's server has ended with code ${code}.`);
  });
  try {
    const browser = await launchBrowser();
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    // VS Code asks before a window with a running terminal is left.
    page.on('dialog', (dialog) => void dialog.accept().catch(() => undefined));
    page.on('crash', () => {
      onEnded("The browser's page has crashed.");
    });
    const exit = await exposeAutomation(page, onEnded, onLog);
    let opened = false;
    let other: Page | undefined;
    return {
      open: async () => {
        exit.expect();
        if (opened) await page.reload({ waitUntil: 'commit' });
        else await page.goto(server.url({ testsPath: options.testsPath }), { waitUntil: 'commit' });
        opened = true;
      },
      reload: async (killed) => {
        exit.expect();
        exit.ignore(true);
        await killed;
        await page.reload({ waitUntil: 'commit' });
        exit.ignore(false);
      },
      closeFor: async (ms) => {
        exit.expect();
        await page.goto('about:blank');
        await sleep(ms);
        await page.goto(server.url({ testsPath: options.testsPath }), { waitUntil: 'commit' });
      },
      settle: () => exit.happened(settleMs),
      page: () => Promise.resolve(page),
      showOther: async (open) => {
        // Closed as a user closes a tab: from one that only vanishes, the server keeps the extension host for hours.
        await other?.goto('about:blank');
        await other?.close();
        other = open ? await browser.newPage({ viewport: { width: 1280, height: 800 } }) : undefined;
        await other?.goto(server.url(), { waitUntil: 'commit' });
        return true;
      },
      otherPage: () => other,
      stop: async () => {
        stopping = true;
        await browser.close();
        await server.stop();
      },
    };
  } catch (error) {
    stopping = true;
    await server.stop();
    throw error;
  }
}

interface AutomationExit {
  /** Begins to wait for the next one. */
  expect(): void;
  /** Whether one is nobody's business, as while the page is left whose extension host was killed. */
  ignore(ignored: boolean): void;
  happened(timeoutMs: number): Promise<void>;
}

/** VS Code's page calls these two functions, when they are there, while it runs an extension's tests. */
async function exposeAutomation(
  page: Page,
  onEnded: (reason: string) => void,
  onLog: (line: string) => void,
): Promise<AutomationExit> {
  let exited = createDeferred<undefined>();
  let ignored = false;
  await page.exposeFunction('codeAutomationLog', (type: string, args: readonly unknown[]) => {
    const text = args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))).join(' ');
    // The network may be closed; and this VS Code has no worker that would let a browser install it as an app.
    if (!/open-vsx\.org|\[Service Worker\]/.test(text)) onLog(`[${type}] ${text}`);
  });
  await page.exposeFunction('codeAutomationExit', (code: number) => {
    if (ignored) return;
    exited.resolve(undefined);
    onEnded(`The extension host has ended with code ${code}.`);
  });
  return {
    expect: () => {
      exited = createDeferred();
    },
    ignore: (now) => {
      ignored = now;
    },
    happened: async (timeoutMs) => {
      const timer = setTimeout(() => {
        exited.resolve(undefined);
      }, timeoutMs);
      await exited.promise;
      clearTimeout(timer);
    },
  };
}
