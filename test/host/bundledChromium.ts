import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ensureInstalled } from './installation.ts';

const run = promisify(execFile);

/** A browser's program and the environment that it needs. */
export interface BrowserProgram {
  readonly executablePath: string;
  /** Added to this process's environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The Chromium of the npm package `@sparticuz/chromium`, unpacked once. It brings the libraries and the font that a
 * bare Linux machine lacks; they are used only where the system has none of its own.
 * @throws on anything but Linux on x64, for which the package has no browser, with advice.
 */
export async function bundledChromium(): Promise<BrowserProgram> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('No browser was found. Install Chrome or Chromium, or set CHROME_PATH to its program.');
  }
  const { directory: installed } = await ensureInstalled();
  const directory = path.join(installed, 'chromium');
  if (!existsSync(directory)) await (unpacking ??= unpack(installed, directory));
  const executablePath = path.join(directory, 'chromium');
  return { executablePath, env: { ...(await libraries(executablePath)), ...(await fonts(directory)) } };
}

/** So that windows that are opened side by side do not unpack into one another. */
let unpacking: Promise<void> | undefined;

/** The package unpacks to the temporary directory and to nowhere else, so a child gets one of its own. */
async function unpack(installed: string, directory: string): Promise<void> {
  const unfinished = `${directory}.${process.pid}.tmp`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const script = "const { default: chromium } = await import('@sparticuz/chromium'); await chromium.executablePath();";
  // The package unpacks its libraries only when it believes itself to run in a serverless function.
  const env = { ...process.env, TMPDIR: unfinished, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' };
  try {
    await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: installed, env });
    await rename(unfinished, directory);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(directory)) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** The loader itself says best whether a library is missing. */
async function libraries(executablePath: string): Promise<Record<string, string>> {
  const starts = await run(executablePath, ['--version']).then(
    () => true,
    () => false,
  );
  if (starts) return {};
  const own = path.join(path.dirname(executablePath), 'al2023', 'lib');
  const before = process.env['LD_LIBRARY_PATH'];
  return { LD_LIBRARY_PATH: before === undefined || before === '' ? own : `${own}:${before}` };
}

async function fonts(directory: string): Promise<Record<string, string>> {
  const home = homedir();
  const places = ['/usr/share/fonts', '/usr/local/share/fonts', `${home}/.fonts`, `${home}/.local/share/fonts`];
  for (const place of places) {
    const files = await readdir(place, { recursive: true }).catch(() => []);
    if (files.some((file) => /\.(ttf|otf|ttc|pfb)$/i.test(file))) return {};
  }
  const configuration = path.join(directory, 'fonts-of-package.conf');
  const cache = path.join(directory, 'fonts-cache');
  await writeFile(
    configuration,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${directory}/fonts</dir>` +
      `<cachedir>${cache}</cachedir></fontconfig>\n`,
  );
  return { FONTCONFIG_FILE: configuration };
}
