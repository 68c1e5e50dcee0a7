import type { Clock } from '../core/clock.ts';

/** What VS Code tells of the shell of its default profile. */
export interface ShellSource {
  /** Its path; empty until the window has found out, which takes a moment after its start. */
  current(): string;
  /** Hears of it. @returns an end to that. */
  onChange(listener: () => void): { dispose(): void };
}

/** How long the window may take to find out, in milliseconds; a user waits for a terminal meanwhile. */
const longestMs = 3000;

/**
 * The path of the shell of the user's default profile, as soon as VS Code knows it. Where it does not find out in three
 * seconds, it is the one that the system names.
 */
export async function windowShell(
  source: ShellSource,
  clock: Clock,
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if (source.current() === '') await changed(source, clock);
  return source.current() || systemShell(platform, environment);
}

async function changed(source: ShellSource, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const listening = source.onChange(() => {
    if (source.current() !== '') resolve(undefined);
  });
  const cancel = clock.after(longestMs, () => {
    resolve(undefined);
  });
  await promise;
  cancel();
  listening.dispose();
}

function systemShell(platform: NodeJS.Platform, environment: Readonly<Record<string, string | undefined>>): string {
  if (platform === 'win32') return environment['ComSpec'] ?? 'cmd.exe';
  return environment['SHELL'] ?? '/bin/sh';
}
