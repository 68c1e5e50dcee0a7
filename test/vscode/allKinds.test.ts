import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, clearWindow, hostIsKilled, liveSessions, scratch, until } from './quotaWindow.ts';
import { type AgentNote, askAs, isRunning, StartedCell } from './startedCell.ts';
import { type Way, waysOfStarting } from './waysOfStarting.ts';

/** Agents of these kinds run at the same time. */
const kinds: Readonly<Record<string, string>> = {
  terminal: 'the command New Agent Terminal',
  task: 'a task',
  shim: 'claude typed in bash',
  script: 'agent-quota run -- node, with the Agent SDK',
  api: 'a second extension by the API',
};
const notes = (): string => path.join(scratch(), 'all kinds.json');

/** What is known of an agent over the window's reload. */
interface Known {
  readonly kind: string;
  readonly sessionId: string;
  /** Which the session lives as long as. */
  readonly pid: number;
  readonly keeper: number;
}

function wayOf(kind: string): Way {
  const way = waysOfStarting.find(({ name }) => name === kinds[kind]);
  assert.ok(way, kind);
  return way;
}

/** Starts an agent of a kind, which lives on when this window does not. */
async function start(kind: string): Promise<Known> {
  const cell = new StartedCell(`all.${kind}`);
  const keeper = cell.keepOpen();
  await wayOf(kind).start(cell, 'exit 0');
  const { sessionId, process: owner } = await cell.sessionOf(await cell.note(), wayOf(kind).agent);
  cell.nextTurn();
  await cell.metered(sessionId);
  return { kind, sessionId, pid: owner.pid, keeper };
}

const known = (): Known[] => JSON.parse(readFileSync(notes(), 'utf8')) as Known[];
const cellOf = ({ kind }: Known): StartedCell => new StartedCell(`all.${kind}`);
const isLive = async ({ sessionId }: Known): Promise<boolean> =>
  (await liveSessions()).some((live) => live.sessionId === sessionId);

/** Each session is there as its process is, with the same key, and is booked what its agent asks from now on. */
async function liveAsTheirProcesses(turns: number, ended: readonly string[]): Promise<void> {
  await agentQuota();
  for (const one of known()) {
    if (ended.includes(one.kind)) {
      await until(`${one.kind} has ended`, async () => !isRunning(one.pid) && !(await isLive(one)), 30_000);
      const note: AgentNote = await cellOf(one).note();
      assert.equal(await askAs(note), 403, `the key of ${one.kind} is dead`);
      continue;
    }
    assert.ok(isRunning(one.pid), `${one.kind} runs`);
    await until(`${one.kind} has its session`, () => isLive(one), 30_000);
    const cell = cellOf(one);
    cell.nextTurn();
    await cell.metered(one.sessionId, turns);
  }
  assert.equal((await liveSessions()).length, known().length - ended.length, 'and no other');
}

/** Has an agent killed in a while, when no engine is there to see it. */
async function killMeanwhile(kind: string): Promise<void> {
  const { pid } = await new StartedCell(`all.${kind}`).note();
  spawn('sh', ['-c', `sleep 0.5; kill -9 ${pid}`], { detached: true, stdio: 'ignore' }).unref();
}

describe('agents of all kinds at once @matrix-kinds', function () {
  this.timeout(240_000);

  it('run when the window is reloaded @kinds-run', async () => {
    await clearWindow();
    const started = await Promise.all(Object.keys(kinds).map(start));
    writeFileSync(notes(), JSON.stringify(started));
    await hostDriver().reload({ name: 'after a reload with all kinds', grep: '@kinds-reloaded' });
  });

  it('go on in their sessions, and run when the extension host is killed @kinds-reloaded', async () => {
    await liveAsTheirProcesses(2, []);
    await killMeanwhile('shim');
    await hostDriver().reload({ name: 'after a kill with all kinds', grep: '@kinds-killed', hostIsKilled });
  });

  it('go on but for the one that was killed meanwhile, and run when the window is closed @kinds-killed', async () => {
    await liveAsTheirProcesses(3, ['shim']);
    await killMeanwhile('script');
    await hostDriver().reload({ name: 'after the window was closed', grep: '@kinds-reopened', closedForMs: 4000 });
  });

  it('go on when it is opened again, and free their slots when they end @kinds-reopened', async () => {
    await liveAsTheirProcesses(4, ['shim', 'script']);
    for (const one of known()) {
      process.kill(one.keeper, 'SIGKILL');
      cellOf(one).forget();
    }
    await clearWindow();
  });
});
