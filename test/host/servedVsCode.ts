import { mkdir, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { cleanEnvironment } from './cleanEnvironment.ts';
import { startGuarded } from './guardedProcess.ts';
import { ensureInstalled } from './installation.ts';
import { quietSettings, type UserSettings, writeUserSettings } from './userSettings.ts';

/** Options of {@link startServedVsCode}. */
export interface ServedVsCodeOptions {
  /** The folder that the window opens. */
  readonly workspaceFolder: string;
  /** Folders of extensions under development that the window loads, each with its package.json. */
  readonly extensionPaths: readonly string[];
  /** Added to {@link quietSettings}, over which they win. Ignored when `userDataDir` has settings already. */
  readonly userSettings?: UserSettings;
  /** Added to this process's environment, for the server, the extension host and terminals; `undefined` removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where user data is kept; by default a temporary directory, removed at the end. */
  readonly userDataDir?: string;
  /** Whether VS Code asks if the folder is to be trusted (it opens in Restricted Mode). Default false. */
  readonly workspaceTrust?: boolean;
  /** The port, by default a free one. */
  readonly port?: number;
  /** Receives the server's output. */
  readonly onLine?: (line: string) => void;
}

/** What a window is to open with. */
export interface PageOptions {
  /** Absolute path of the module whose `run` the extension host calls. */
  readonly testsPath?: string;
  /** Another folder than the server's own. */
  readonly workspaceFolder?: string;
}

/** A VS Code server that serves the workbench to browsers of this machine. */
export interface ServedVsCode {
  readonly port: number;
  readonly userDataDir: string;
  /** The address of a window. */
  url(options?: PageOptions): string;
  /** The last lines of the server's output. */
  log(): string;
  /** Resolves when the server has ended, whatever the reason. */
  readonly exited: Promise<number>;
  /** Ends the server, its extension hosts and its terminals. */
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
const keptLogLines = 300;

/**
 * Starts VS Code's server and resolves once it listens. It ends with this process: on Ctrl+C and when this process is
 * killed, nothing that it started is left running.
 */
export async function startServedVsCode(options: ServedVsCodeOptions): Promise<ServedVsCode> {
  checkNode();
  const { serverMain } = await ensureInstalled();
  const userDataDir = options.userDataDir ?? (await mkdtemp(path.join(tmpdir(), 'aq-')));
  const trust = { 'security.workspace.trust.enabled': options.workspaceTrust === true };
  await writeUserSettings(path.join(userDataDir, 'data', 'User'), {
    ...quietSettings,
    ...trust,
    ...options.userSettings,
  });

  // Sockets and temporary files go here, and away at the end. Not below user data: a socket's path may have some 100
  // characters, which is also why macOS, whose temporary directory has a long name, keeps its own.
  const runtimeDir = await mkdtemp(path.join(tmpdir(), 'aq-run-'));
  const temporary = process.platform === 'linux' ? { XDG_RUNTIME_DIR: runtimeDir, TMPDIR: runtimeDir } : {};
  const extensionFolder = await oneFolder(options.extensionPaths, runtimeDir);
  const lines: string[] = [];
  let listening: (port: number) => void = () => undefined;
  const listens = new Promise<number>((resolve) => (listening = resolve));
  const server = startGuarded({
    command: process.execPath,
    args: [serverMain, ...serverArguments(userDataDir, options.port ?? 0)],
    env: cleanEnvironment({ ...temporary, ...options.env }),
    removeAfterwards: options.userDataDir === undefined ? [userDataDir, runtimeDir] : [runtimeDir],
    onLine: (line) => {
      if (isNoise(line)) return;
      lines.push(line);
      if (lines.length > keptLogLines) lines.shift();
      const port = /Extension host agent listening on (\d+)/.exec(line)?.[1];
      if (port !== undefined) listening(Number(port));
      options.onLine?.(line);
    },
  });
  const log = (): string => lines.join('\n');
  const port = await Promise.race([listens, server.exited.then(() => 'ended' as const), after(startTimeoutMs)]);
  if (typeof port !== 'number') {
    await server.stop();
    throw new Error(`VS Code's server did not start (${port}):\n${log()}`);
  }
  return {
    port,
    userDataDir,
    url: (page = {}) => windowUrl(port, extensionFolder, { workspaceFolder: options.workspaceFolder, ...page }),
    log,
    exited: server.exited,
    stop: () => server.stop(),
  };
}

function serverArguments(dataDirectory: string, port: number): string[] {
  return [
    ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token', '--accept-server-license-terms'],
    ...['--server-data-dir', dataDirectory, '--telemetry-level', 'off'],
    // It is what makes the page accept extensions under development and tests.
    '--enable-smoke-test-driver',
    // A login shell's profile would reset PATH and so hide what `env` puts there.
    '--force-disable-user-env',
  ];
}

/**
 * The page takes one folder of extensions under development (its payload is a map, so a second entry would replace
 * the first), which may be an extension or a folder of extensions: several are linked into one.
 */
async function oneFolder(extensions: readonly string[], directory: string): Promise<string | undefined> {
  if (extensions.length < 2) return extensions[0];
  const folder = path.join(directory, 'extensions');
  await mkdir(folder);
  for (const [index, extension] of extensions.entries()) {
    await symlink(path.resolve(extension), path.join(folder, `${index}-${path.basename(extension)}`), 'junction');
  }
  return folder;
}

/** Of a network that is closed, and of a licence check that this VS Code is built without. */
function isNoise(line: string): boolean {
  return /^[\d:[\]\s]*$|vsda|open-vsx\.org/.test(line);
}

function windowUrl(port: number, extensionFolder: string | undefined, page: PageOptions): string {
  const remote = (file: string): string => `vscode-remote://127.0.0.1:${port}${pathToFileURL(file).pathname}`;
  const payload = [
    ...(extensionFolder === undefined ? [] : [['extensionDevelopmentPath', remote(extensionFolder)]]),
    ...(page.testsPath === undefined ? [] : [['extensionTestsPath', remote(page.testsPath)]]),
    ['skipWelcome', 'true'],
  ];
  const query = new URLSearchParams({ payload: JSON.stringify(payload) });
  if (page.workspaceFolder !== undefined) {
    query.set('folder', decodeURIComponent(pathToFileURL(page.workspaceFolder).pathname));
  }
  return `http://127.0.0.1:${port}/?${query.toString()}`;
}

function checkNode(): void {
  if (process.versions.node.startsWith('24.')) return;
  throw new Error(
    `The served VS Code needs Node 24, its own version, and this is ${process.versions.node}. ` +
      'Run it through the npm scripts, which use the Node that the project brings.',
  );
}

async function after(milliseconds: number): Promise<'timed out'> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds, 'timed out').unref();
  });
}
