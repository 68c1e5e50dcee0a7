import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { AgentRecord } from '../../src/core/quotaEngine.ts';
import { totalTokens } from '../../src/core/usage.ts';
import type { Served } from '../fakes/servedLog.ts';
import {
  behave,
  clearWindow,
  liveSessions,
  openAgentTerminal,
  scratch,
  served,
  terminalsAreWrittenDown,
  tokensBetween,
  until,
} from './quotaWindow.ts';

/** What was so while the agent's answer was on its way. */
interface MidStream {
  readonly sessionId: string;
  readonly before: Served['total'];
  readonly metered: AgentRecord['usage'];
}

/** What outlives a reload. */
export const midStreamFile = (name: string): string => path.join(scratch(), `mid-stream ${name}`);

/** Starts the real CLI in an agent terminal and waits until the upstream has begun a long answer. */
export async function beginLongAnswer(name: string, besides?: string): Promise<void> {
  await clearWindow();
  const before = await served();
  // Longer than a window takes to come back, on the slowest machine.
  await behave({ deltaEvents: 600, delays: { beforeHeadersMs: 0, betweenEventsMs: 100 } });
  const terminal = await openAgentTerminal();
  if (besides !== undefined) vscode.window.createTerminal('besides').sendText(besides);
  const answer = midStreamFile(`${name} answer`);
  terminal.sendText(
    `claude -p "say hi" > "${answer}.part" 2>&1; echo "exit code $?" >> "${answer}.part"; mv "${answer}.part" "${answer}"`,
  );
  const running = await until(
    'the answer has begun',
    async () =>
      (await liveSessions()).find(({ runningRequests, usage }) => runningRequests > 0 && usage.outputTokens > 0),
    60_000,
  );
  // What is on its way stays as it was begun; the retry may come before a test runs again.
  await behave({ deltaEvents: 3, delays: { beforeHeadersMs: 0, betweenEventsMs: 0 } });
  await terminalsAreWrittenDown();
  // Afterwards it may have finished before a test runs: it asks again without streaming, which is answered at once.
  assert.ok(!existsSync(answer), 'the answer is under way');
  const note: MidStream = { sessionId: running.sessionId, before, metered: running.usage };
  writeFileSync(midStreamFile(name), JSON.stringify(note));
}

export function midStream(name: string): MidStream {
  return JSON.parse(readFileSync(midStreamFile(name), 'utf8')) as MidStream;
}

/** The CLI has its answer by its own retry, in the same session, and every token of both requests is booked. */
export async function hasFinished(name: string): Promise<void> {
  const { sessionId, before, metered } = midStream(name);
  const session = await until('the session is there', async () =>
    (await liveSessions()).find((live) => live.sessionId === sessionId),
  );
  // The retry may be under way already, and then counts too.
  assert.ok(session.usage.inputTokens >= metered.inputTokens, 'what was metered of the cut answer is booked');
  assert.ok(totalTokens(session.usage) >= totalTokens(metered));
  await until('the CLI has ended', () => existsSync(midStreamFile(`${name} answer`)), 90_000);
  const answer = readFileSync(midStreamFile(`${name} answer`), 'utf8');
  assert.match(answer, /Hello from the simulated upstream[^]*exit code 0/);
  const settled = await until('all is settled', async () =>
    (await liveSessions()).find((live) => live.sessionId === sessionId && live.runningRequests === 0),
  );
  const after = await served();
  assert.ok(after.requests - before.requests >= 2, 'it has asked again');
  assert.equal(settled.requests, after.requests - before.requests);
  assert.deepEqual(settled.usage, tokensBetween(before, after));
}
