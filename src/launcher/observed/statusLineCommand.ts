/** What the launcher itself runs as. */
export interface LauncherProgram {
  readonly program: string;
  readonly script: string;
  /** The program is VS Code's own, which runs as Node only when it is told to. */
  readonly isElectron: boolean;
}

/** The launcher's verb for a status line; Claude Code calls it, and no user. */
export const statusLineVerb = 'status-line';

/** The shell command that draws our status line. Claude Code gives it to a POSIX shell. */
export function posixStatusLineCommand({ program, script, isElectron }: LauncherProgram): string {
  const start = isElectron ? 'exec env ELECTRON_RUN_AS_NODE=1' : 'exec';
  return [start, ...[program, script, statusLineVerb].map(quoted)].join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * On Windows the shell is Git Bash or PowerShell, which have no quoting in common: a batch file does what has to be
 * quoted, and its own name must need none.
 */
export function windowsStatusLineScript({ program, script, isElectron }: LauncherProgram): string {
  // What is no variable stands for itself when its percent sign is doubled.
  const inBatch = (text: string): string => `"${text.replaceAll('%', '%%')}"`;
  const lines = [
    '@echo off',
    ...(isElectron ? ['set ELECTRON_RUN_AS_NODE=1'] : []),
    `${inBatch(program)} ${inBatch(script)} ${statusLineVerb}`,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** @returns undefined when a shell would read the name as something else. */
export function windowsStatusLineCommand(batchFile: string): string | undefined {
  const slashed = batchFile.replaceAll('\\', '/');
  return /^[A-Za-z]:[A-Za-z0-9_./~-]+$/.test(slashed) ? slashed : undefined;
}
