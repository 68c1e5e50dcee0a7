import path from 'node:path';

/** A shell with a command to run. */
export interface ShellCall {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The shell that Claude Code gives a status line's command to: the POSIX one (seen with 2.1.330 on Linux); on Windows Git
 * Bash, and PowerShell where there is none. Source: Claude Code documentation, "Status line" › "Windows configuration".
 * @param exists whether a file does.
 */
export function statusLineShell(
  command: string,
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
  exists: (file: string) => boolean,
): ShellCall {
  if (platform !== 'win32') return { program: '/bin/sh', args: ['-c', command] };
  const bash = bashCandidates(environment).find(exists);
  return bash === undefined
    ? { program: 'powershell.exe', args: ['-NoProfile', '-Command', command] }
    : { program: bash, args: ['-c', command] };
}

function bashCandidates(environment: Readonly<Record<string, string | undefined>>): string[] {
  const told = environment['CLAUDE_CODE_GIT_BASH_PATH'];
  const roots = [environment['ProgramFiles'] ?? 'C:\\Program Files', environment['ProgramFiles(x86)']];
  return [
    ...(told === undefined ? [] : [told]),
    ...roots.flatMap((root) => (root === undefined ? [] : [path.win32.join(root, 'Git', 'bin', 'bash.exe')])),
  ];
}
