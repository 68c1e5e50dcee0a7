import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { AgentRecord } from '../../src/core/quotaEngine.ts';
import { totalTokens } from '../../src/core/usage.ts';
import type { Served } from '../fakes/servedLog.ts';
import { hostDriver } from '../host/driverClient.ts';
import {
  behave,
  clearWindow,
  hostIsKilled,
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

const file = (name: string): string => path.join(scratch(), `mid-stream ${name}`);

/** What is run in a plain terminal before the reload: starts an agent in the moment in which there is no engine. */
const lateStart = `
const { readdirSync, readFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const { AGENT_QUOTA_HOME: home, AGENT_QUOTA_SOCKET: socket } = process.env;
const records = () => readdirSync(home).filter((name) => name.endsWith('.json')).map((name) => readFileSync(home + '/' + name, 'utf8'));
const isGone = () => records().some((text) => text.includes(socket) && text.includes('leftAt'));
const agent = 'require("node:fs").writeFileSync(process.argv[1], String(process.env.CLAUDE_SESSION_ID))';
const look = setInterval(() => {
  if (!isGone()) return;
  clearInterval(look);
  spawnSync('agent-quota', ['run', '--agent', 'late', '--', process.execPath, '-e', agent, process.argv[2]], { stdio: 'ignore' });
}, 20);
`;

/** Starts the real CLI in an agent terminal and waits until the upstream has begun a long answer. */
async function beginLongAnswer(name: string, besides?: string): Promise<void> {
  await clearWindow();
  const before = await served();
  // Longer than a window takes to come back, on the slowest machine.
  await behave({ deltaEvents: 600, delays: { beforeHeadersMs: 0, betweenEventsMs: 100 } });
  const terminal = await openAgentTerminal();
  if (besides !== undefined) vscode.window.createTerminal('besides').sendText(besides);
  const answer = file(`${name} answer`);
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
  writeFileSync(file(name), JSON.stringify(note));
}

/** The CLI has its answer by its own retry, in the same session, and every token of both requests is booked. */
async function hasFinished(name: string): Promise<void> {
  const { sessionId, before, metered } = JSON.parse(readFileSync(file(name), 'utf8')) as MidStream;
  const session = await until('the session is there', async () =>
    (await liveSessions()).find((live) => live.sessionId === sessionId),
  );
  // The retry may be under way already, and then counts too.
  assert.ok(session.usage.inputTokens >= metered.inputTokens, 'what was metered of the cut answer is booked');
  assert.ok(totalTokens(session.usage) >= totalTokens(metered));
  await until('the CLI has ended', () => existsSync(file(`${name} answer`)), 90_000);
  const answer = readFileSync(file(`${name} answer`), 'utf8');
  assert.match(answer, /Hello from the simulated upstream[^]*exit code 0/);
  const settled = await until('all is settled', async () =>
    (await liveSessions()).find((live) => live.sessionId === sessionId && live.runningRequests === 0),
  );
  const after = await served();
  assert.ok(after.requests - before.requests >= 2, 'it has asked again');
  assert.equal(settled.requests, after.requests - before.requests);
  assert.deepEqual(settled.usage, tokensBetween(before, after));
}

describe('the real CLI in the middle of a long answer', function () {
  this.timeout(180_000);

  it('is at work when the window is reloaded @stream-runs', async () => {
    writeFileSync(file('late.cjs'), lateStart);
    const late = `ELECTRON_RUN_AS_NODE=1 "${process.execPath}" "${file('late.cjs')}" "${file('late session')}"`;
    await beginLongAnswer('reload', late);
    await hostDriver().reload({ name: 'after a reload in mid-stream', grep: '@stream-cut' });
  });

  it('finishes by its own retry, on the same port and with the same key, and is booked to the token @stream-cut', async () => {
    await hasFinished('reload');
  });

  it('has beside it an agent that was started while there was no engine, with a session of this window @stream-cut', async () => {
    const { sessionId: ofTerminal } = JSON.parse(readFileSync(file('reload'), 'utf8')) as MidStream;
    await until('the agent has run', () => existsSync(file('late session')));
    const sessionId = readFileSync(file('late session'), 'utf8');
    assert.match(sessionId, /^[\w-]{21}$/);
    assert.notEqual(sessionId, ofTerminal);
  });

  it('is at work when the extension host is killed @stream-cut', async () => {
    await beginLongAnswer('kill');
    // Of one that is killed nothing runs any more.
    process.once('exit', () => {
      writeFileSync(file('orderly end'), '');
    });
    await hostDriver().reload({ name: 'after a kill in mid-stream', grep: '@stream-killed', hostIsKilled });
  });

  it('finishes likewise @stream-killed', async () => {
    if (hostIsKilled) assert.ok(!existsSync(file('orderly end')), 'the extension host was killed');
    await hasFinished('kill');
    await clearWindow();
  });
});
