import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type * as z from 'zod';
import { installedPackage } from '../host/installedPackage.ts';

const windows = process.platform === 'win32';

let binary: Promise<string> | undefined;

/** ccusage's own program, for this platform; installed once though several ask at once. */
export function ccusageBinary(): Promise<string> {
  return (binary ??= installedBinary());
}

async function installedBinary(): Promise<string> {
  const modules = await installedPackage(path.join(import.meta.dirname, 'ccusage'));
  const folder = path.join(modules, '@ccusage', `ccusage-${process.platform}-${process.arch}`, 'bin');
  const file = path.join(folder, windows ? 'ccusage.exe' : 'ccusage');
  // npm unpacks it without the right to run; its own launcher gives it likewise.
  if (!windows) await chmod(file, 0o755);
  return file;
}

/**
 * What ccusage reports of what is below a configuration directory.
 * @param report such as `daily --instances`. @param mode where costs come from.
 */
export async function ccusageReport<T extends z.ZodType>(
  schema: T,
  report: string,
  configDirectory: string,
  timeZone: string,
  mode: 'display' | 'calculate' = 'display',
): Promise<z.infer<T>> {
  const { stdout } = await promisify(execFile)(
    await ccusageBinary(),
    ['claude', ...report.split(' '), '--json', '--offline', '--timezone', timeZone, '--mode', mode],
    {
      env: { PATH: process.env['PATH'], HOME: configDirectory, CLAUDE_CONFIG_DIR: configDirectory },
      maxBuffer: 2 ** 26,
    },
  );
  return schema.parse(JSON.parse(stdout));
}
