import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EnvironmentOverlay } from '../../src/shared/overlayVariables.ts';
import { claudeBinary } from '../host/claudeBinary.ts';

/** How a run of the real Claude Code CLI ended. */
export interface ClaudeRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** A run that takes longer is ended: what it has said by then tells more than a test's time-out. */
const longestRunMs = 100_000;

/** The variables that keep the CLI from everything but the work: no updates, no telemetry, a home of its own. */
export function quietClaudeEnvironment(home: string): Record<string, string> {
  return {
    HOME: home,
    USERPROFILE: home,
    CLAUDE_CONFIG_DIR: path.join(home, '.claude'),
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    IS_SANDBOX: '1',
  };
}

/** Is told all that a run has printed so far, whenever it has printed something. */
type Hear = (stdout: string) => void;

/** Runs `claude` as an agent with an overlay, in an empty home. */
export async function runClaude(args: readonly string[], overlay: EnvironmentOverlay, hear?: Hear): Promise<ClaudeRun> {
  return runProgram(await claudeBinary(), args, overlay, hear);
}

/** Runs any program likewise, with an environment of PATH, the overlay and the quiet variables alone. */
export async function runProgram(
  program: string,
  args: readonly string[],
  overlay: EnvironmentOverlay,
  hear?: Hear,
): Promise<ClaudeRun> {
  const home = await mkdtemp(path.join(tmpdir(), 'aq home '));
  const set = Object.entries(overlay).filter((entry): entry is [string, string] => entry[1] !== null);
  const startedAt = performance.now();
  const child = spawn(program, [...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], ...quietClaudeEnvironment(home), ...Object.fromEntries(set) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longestRunMs,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    hear?.(stdout);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return { code, stdout, stderr, milliseconds: performance.now() - startedAt };
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}
