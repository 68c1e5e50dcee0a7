import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { cleanEnvironment } from '../host/cleanEnvironment.ts';
import { desktopVsCode } from '../host/desktopTestWindow.ts';
import { startGuarded } from '../host/guardedProcess.ts';
import { repositoryRoot } from '../host/paths.ts';
import { startServedVsCode } from '../host/servedVsCode.ts';
import { quietSettings, writeUserSettings } from '../host/userSettings.ts';

/** What the window is to be. */
export interface StartedWindowOptions {
  readonly workspaceFolder: string;
  readonly userDataDir: string;
  /** Said in the window's title. */
  readonly title: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a desktop VS Code may be used, where there is one. */
  readonly desktop: boolean;
}

/** A running VS Code with the extension. */
export interface StartedWindow {
  /** Where a browser finds it; undefined for a desktop window. */
  readonly url: string | undefined;
  /** The ledger that the extension keeps. */
  readonly ledgerFile: string;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

/** Opens the sample in a desktop VS Code where there is a display and a VS Code, else in one that browsers show. */
export async function openWindow(options: StartedWindowOptions): Promise<StartedWindow> {
  const executable = options.desktop ? await desktopProgram() : undefined;
  return executable === undefined ? openServed(options) : openDesktop(executable, options);
}

async function desktopProgram(): Promise<string | undefined> {
  try {
    return await desktopVsCode(false);
  } catch (error) {
    console.log(`No desktop VS Code (${error instanceof Error ? error.message : String(error)}); a browser shows it.`);
    return undefined;
  }
}

const settings = (title: string): Record<string, unknown> => ({
  'window.title': `\${rootName} (${title})`,
  'workbench.colorTheme': 'Default Dark Modern',
});

function ledgerBelow(userDirectory: string): string {
  return path.join(userDirectory, 'globalStorage', 'agent-quota.agent-quota', 'ledger.sqlite');
}

async function openServed({ workspaceFolder, userDataDir, title, env }: StartedWindowOptions): Promise<StartedWindow> {
  await mkdir(userDataDir, { recursive: true });
  const served = await startServedVsCode({
    workspaceFolder,
    userDataDir,
    env,
    extensionPaths: [repositoryRoot],
    userSettings: settings(title),
  });
  return {
    url: served.url(),
    ledgerFile: ledgerBelow(path.join(userDataDir, 'data', 'User')),
    exited: served.exited,
    stop: () => served.stop(),
  };
}

async function openDesktop(
  executable: string,
  { workspaceFolder, userDataDir, title, env }: StartedWindowOptions,
): Promise<StartedWindow> {
  const trust = { 'security.workspace.trust.enabled': false };
  await writeUserSettings(path.join(userDataDir, 'User'), { ...quietSettings, ...settings(title), ...trust });
  const program = startGuarded({
    command: executable,
    args: [
      workspaceFolder,
      `--extensionDevelopmentPath=${repositoryRoot}`,
      `--user-data-dir=${userDataDir}`,
      `--extensions-dir=${path.join(userDataDir, 'extensions')}`,
      ...['--skip-welcome', '--skip-release-notes', '--disable-updates', '--disable-telemetry', '--wait'],
      ...(process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
    env: cleanEnvironment(env),
    onLine: () => undefined,
  });
  return {
    url: undefined,
    ledgerFile: ledgerBelow(path.join(userDataDir, 'User')),
    exited: program.exited,
    stop: () => program.stop(),
  };
}
