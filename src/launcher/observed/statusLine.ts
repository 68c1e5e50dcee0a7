import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { AgentEnd } from '../agentProcess.ts';
import { currentDirectory } from '../currentDirectory.ts';
import { exitLike } from '../processExit.ts';
import { onEndSignal } from '../processSignals.ts';
import { type ClaudeSettings, parseSettings } from './claudeSettings.ts';
import { engineReports } from './engineReports.ts';
import { readSettingsBeside } from './readSettings.ts';
import { relayVariables } from './relayVariables.ts';
import { statusLineShell } from './statusLineShell.ts';

/** How long our own line may take, and how long the report may take when the user's line is drawn, in milliseconds. */
const patienceMs = { own: 1000, beside: 300 } as const;

/** The user's command runs as if we were not there. */
const ownVariables: ReadonlySet<string> = new Set([...Object.values(relayVariables), 'ELECTRON_RUN_AS_NODE']);

const inputSchema = z.looseObject({ workspace: z.optional(z.object({ project_dir: z.optional(z.string()) })) });
const answerSchema = z.object({ text: z.string() });

/**
 * `agent-quota status-line`: tells the engine what Claude Code tells its status line, and draws the user's own, byte for
 * byte, or ours where they have none.
 */
export async function runStatusLine(): Promise<void> {
  const input = await readInput();
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ownVariables.has(name)));
  const reported = report(input);
  const command = ownCommand(input, environment);
  if (command === undefined) {
    const text = await Promise.race([reported, sleep(patienceMs.own, undefined, { ref: false })]);
    if (text !== undefined) process.stdout.write(`${text}\n`);
    return;
  }
  const end = await draw(command, input, environment);
  await Promise.race([reported, sleep(patienceMs.beside, undefined, { ref: false })]);
  exitLike(end, process.platform);
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** @returns our line; undefined when there is nobody to ask. */
async function report(input: Buffer): Promise<string | undefined> {
  const url = process.env[relayVariables.url] ?? '';
  const key = process.env[relayVariables.key] ?? '';
  const data = parsed(input.toString('utf8'));
  if (url === '' || typeof data !== 'object' || data === null) return undefined;
  const reports = engineReports(() => url, { authorization: `Bearer ${key}` });
  const answer = await reports.send('/status-line', data, AbortSignal.timeout(patienceMs.own));
  const said = z.safeParse(answerSchema, parsed(answer ?? ''));
  return said.success ? said.data.text : undefined;
}

/** The command that Claude Code would run without us, as the settings are now. */
function ownCommand(input: Buffer, environment: NodeJS.ProcessEnv): string | undefined {
  const given = process.env[relayVariables.statusLine];
  const statusLine =
    given === undefined
      ? readSettingsBeside(placeOf(input, environment)).statusLine
      : parseSettings(`{"statusLine":${given}}`)?.statusLine;
  return commandOf(statusLine);
}

function placeOf(input: Buffer, environment: NodeJS.ProcessEnv): Parameters<typeof readSettingsBeside>[0] {
  const read = z.safeParse(inputSchema, parsed(input.toString('utf8')));
  const cwd = (read.success ? read.data.workspace?.project_dir : undefined) ?? currentDirectory();
  return { environment, platform: process.platform, home: homedir(), cwd };
}

function commandOf(statusLine: ClaudeSettings['statusLine']): string | undefined {
  return statusLine?.type === 'command' && statusLine.command !== '' ? statusLine.command : undefined;
}

/** Runs the user's command as Claude Code does. */
async function draw(command: string, input: Buffer, environment: NodeJS.ProcessEnv): Promise<AgentEnd> {
  const { program, args } = statusLineShell(command, process.platform, process.env, existsSync);
  const shell = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'], env: environment, windowsHide: true });
  // Claude Code ends a line that is still being drawn when there is news.
  const stopListening = onEndSignal((signal) => shell.kill(signal));
  // A command need not read what it is told.
  shell.stdin.on('error', () => undefined);
  shell.stdin.end(input);
  try {
    const [code, signal] = (await once(shell, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal === null ? { kind: 'exited', code: code ?? 1 } : { kind: 'signalled', signal };
  } catch (error) {
    return { kind: 'notStarted', code: 127, problem: String(error) };
  } finally {
    stopListening();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
