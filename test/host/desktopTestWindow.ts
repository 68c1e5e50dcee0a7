import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { type Browser, chromium, type Page } from 'playwright-core';
import { cleanEnvironment } from './cleanEnvironment.ts';
import { type GuardedProcess, startGuarded } from './guardedProcess.ts';
import { toolsDirectory } from './paths.ts';
import type { TestWindow, TestWindowEvents, TestWindowOptions } from './testWindow.ts';
import { quietSettings, writeUserSettings } from './userSettings.ts';

const settleMs = 15_000;

/**
 * The desktop VS Code's program: `VSCODE_EXECUTABLE`, else a download of `VSCODE_VERSION` (default: the newest stable).
 * Without a display there is none, unless it is asked for outright.
 * @throws with the reason when there is none.
 */
export async function desktopVsCode(askedFor: boolean): Promise<string> {
  const display = process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'] ?? '';
  if (process.platform === 'linux' && display === '' && !askedFor) throw new Error('no display');
  const named = process.env['VSCODE_EXECUTABLE'];
  if (named !== undefined && named !== '') return named;
  const version = process.env['VSCODE_VERSION'] ?? 'stable';
  return (downloading ??= downloadAndUnzipVSCode({ version, cachePath: toolsDirectory, timeout: 15_000 }));
}

/** So that windows that are opened side by side share one. */
let downloading: Promise<string> | undefined;

/** Prepares a desktop VS Code for tests; each open starts it on the same user data. */
export async function openDesktopTestWindow(
  executable: string,
  options: TestWindowOptions,
  { onEnded, onLog }: TestWindowEvents,
): Promise<TestWindow> {
  // A short path: VS Code makes sockets in it, whose paths are limited to some 100 characters.
  const userDataDir = options.userDataDir ?? (await mkdtemp(path.join(tmpdir(), 'aq-')));
  const trust = { 'security.workspace.trust.enabled': options.workspaceTrust };
  const settings = { ...quietSettings, ...trust, ...options.userSettings };
  await writeUserSettings(path.join(userDataDir, 'User'), settings);

  let running: { readonly process: GuardedProcess; readonly debugPort: number } | undefined;
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    const { process: vsCode } = running ?? {};
    running = undefined;
    await browser?.close().catch(() => undefined);
    browser = undefined;
    await vsCode?.stop();
  };
  const page = async (): Promise<Page> => {
    if (running === undefined) throw new Error('VS Code does not run.');
    browser ??= await chromium.connectOverCDP(`http://127.0.0.1:${running.debugPort}`);
    const pages = browser.contexts().flatMap((context) => context.pages());
    const found = pages.find((candidate) => candidate.url().includes('workbench.html'));
    if (found === undefined) throw new Error("VS Code's window was not found among its pages.");
    return found;
  };
  const open = async (): Promise<void> => {
    await close();
    const debugPort = await freePort();
    const vsCode = startGuarded({
      command: executable,
      args: desktopArguments(options, userDataDir, debugPort),
      env: cleanEnvironment(options.env),
      onLine: onLog,
    });
    const current = { process: vsCode, debugPort };
    running = current;
    const ended = (reason: string): void => {
      if (running === current) onEnded(reason);
    };
    vsCode.exited.then(
      (code) => {
        ended(`VS Code has ended with code ${code}.`);
      },
      (error: unknown) => {
        ended(String(error));
      },
    );
  };
  return {
    open,
    closeFor: async (ms) => {
      await close();
      await sleep(ms);
      await open();
    },
    reload: async (killed) => {
      await killed;
      await (await page()).reload({ waitUntil: 'commit' });
    },
    // VS Code ends by itself after its tests.
    settle: async () => {
      const timeout = new Promise((resolve) => setTimeout(resolve, settleMs).unref());
      await Promise.race([running?.process.exited.catch(() => undefined), timeout]);
    },
    page,
    // A window with tests is the only one of its VS Code.
    showOther: () => Promise.resolve(false),
    otherPage: () => undefined,
    stop: async () => {
      await close();
      if (options.userDataDir === undefined) await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function desktopArguments(options: TestWindowOptions, userDataDir: string, debugPort: number): string[] {
  return [
    options.workspaceFolder,
    ...options.extensionPaths.map((extension) => `--extensionDevelopmentPath=${extension}`),
    `--extensionTestsPath=${options.testsPath}`,
    `--user-data-dir=${userDataDir}`,
    `--extensions-dir=${path.join(userDataDir, 'extensions')}`,
    // For screenshots and input by playwright.
    `--remote-debugging-port=${debugPort}`,
    ...['--skip-welcome', '--skip-release-notes', '--disable-updates', '--disable-telemetry', '--no-cached-data'],
    ...(process.platform === 'linux' ? ['--no-sandbox', '--disable-dev-shm-usage'] : []),
    ...(options.workspaceTrust ? [] : ['--disable-workspace-trust']),
  ];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
