import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { type BrowserProgram, bundledChromium } from './bundledChromium.ts';

/** Options of {@link launchBrowser}. */
export interface BrowserOptions {
  /** Shows the window; by default the browser is headless. */
  readonly headed?: boolean;
  /** Further command line arguments. */
  readonly args?: readonly string[];
}

/** The machine's Chrome, Chromium or Edge (`CHROME_PATH` first), else the one that npm brings. */
export async function findBrowser(): Promise<BrowserProgram> {
  const executablePath = systemBrowser();
  return executablePath === undefined ? bundledChromium() : { executablePath, env: {} };
}

/** Starts the browser; it ends with this process, on Ctrl+C as well. */
export async function launchBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const { executablePath, env } = await findBrowser();
  return chromium.launch({
    executablePath,
    headless: options.headed !== true,
    env: { ...process.env, ...env },
    // Chromium refuses to sandbox as root; here it only ever opens pages of this machine.
    chromiumSandbox: false,
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      '--font-render-hinting=none',
      '--force-color-profile=srgb',
      ...(options.args ?? []),
    ],
  });
}

function systemBrowser(): string | undefined {
  const named = process.env['CHROME_PATH'];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`CHROME_PATH names ${named}, which does not exist.`);
    return named;
  }
  return usualPlaces().find((file) => existsSync(file));
}

function usualPlaces(): string[] {
  if (process.platform === 'darwin') {
    return ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
      (app) => `/Applications/${app}.app/Contents/MacOS/${app}`,
    );
  }
  if (process.platform === 'win32') {
    const roots = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].map((name) => process.env[name]);
    const programs = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];
    return programs.flatMap((program) =>
      roots.filter((root) => root !== undefined).map((root) => path.join(root, program)),
    );
  }
  const names = ['chromium', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'chromium-browser'];
  // Not Ubuntu's chromium-browser script, which only says that a snap is wanted, when there is anything else.
  return names.map((name) => path.join('/usr/bin', name));
}
