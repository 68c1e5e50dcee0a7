import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { quietClaudeEnvironment } from '../../test/e2e/claudeRun.ts';
import { startOnPty } from '../../test/e2e/observed/ptyScreen.ts';
import { claudeBinary } from '../../test/host/claudeBinary.ts';

export const clientNames = ['claude -p', 'claude in a terminal', 'SDK'] as const;
export type ClientName = (typeof clientNames)[number];

/** How a client's question ended. */
export interface ClientEnd {
  /** Whether it got its answer. */
  readonly answered: boolean;
  /** What its user reads at the end; of a screen all lines that have been there. */
  readonly says: string;
}

const apiKey = 'sk-ant-api03-a-key-that-opens-nothing-at-all';
/** How often a screen is looked at, in milliseconds. */
const lookMs = 500;

/**
 * Has a client ask one question with nothing configured.
 * @param signal ends it, whatever it is at.
 */
export function ask(client: ClientName, baseUrl: string, signal: AbortSignal): Promise<ClientEnd> {
  if (client === 'SDK') return askBySdk(baseUrl, signal);
  return inHome((home) => (client === 'claude -p' ? print(home, baseUrl, signal) : onScreen(home, baseUrl, signal)));
}

async function askBySdk(baseURL: string, signal: AbortSignal): Promise<ClientEnd> {
  const sdk = new Anthropic({ apiKey, baseURL });
  const messages = [{ role: 'user' as const, content: 'say hi' }];
  try {
    await sdk.messages.create({ model: 'claude-opus-5-5', max_tokens: 64, messages }, { signal });
    return { answered: true, says: '' };
  } catch (error) {
    return { answered: false, says: error instanceof Error ? error.message : String(error) };
  }
}

async function print(home: string, baseUrl: string, signal: AbortSignal): Promise<ClientEnd> {
  const child = spawn(await claudeBinary(), ['-p', 'say hi'], {
    cwd: home,
    env: environment(home, baseUrl),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  let says = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (says += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', kill);
  return { answered: code === 0, says: says.trim() };
}

async function onScreen(home: string, baseUrl: string, signal: AbortSignal): Promise<ClientEnd> {
  const screen = await startOnPty(await claudeBinary(), [], { cwd: home, env: environment(home, baseUrl) });
  const seen = new Set<string>();
  try {
    await screen.shows(/❯/, 60_000);
    screen.type('say hi');
    await screen.shows(/❯.say hi/, 60_000);
    screen.type('\r');
    for (;;) {
      const text = screen.text();
      for (const line of text.split('\n')) seen.add(line.trim());
      const answered = /✻.*· done/.test(text);
      if (answered || signal.aborted || /API Error|Please run \/login/.test(text))
        return { answered, says: [...seen].join('\n') };
      await sleep(lookMs);
    }
  } finally {
    screen.kill();
    await screen.exit;
  }
}

function environment(home: string, baseUrl: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    TERM: 'xterm-256color',
    ...quietClaudeEnvironment(home),
    ANTHROPIC_API_KEY: apiKey,
    ANTHROPIC_BASE_URL: baseUrl,
  };
}

/** A home in which Claude Code has been started before and the key is known to it. */
async function inHome<T>(work: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'agent quota bench '));
  const known = {
    hasCompletedOnboarding: true,
    theme: 'dark',
    customApiKeyResponses: { approved: [apiKey.slice(-20)], rejected: [] },
    projects: { [home]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
  };
  try {
    await mkdir(join(home, '.claude'));
    await writeFile(join(home, '.claude', '.claude.json'), JSON.stringify(known));
    return await work(home);
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}
