import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { AgentRecord } from '../../src/core/quotaEngine.ts';
import { agentQuota, clearWindow, liveSessions, scratch, until } from './quotaWindow.ts';
import { Lanes } from './lanes.ts';
import { askAs, type AgentNote, isRunning, StartedCell } from './startedCell.ts';
import { type Ending, endings, missingShells, onPath, type Place, type Way, waysOfStarting } from './waysOfStarting.ts';

/** After the end of its process, in milliseconds. */
const slotIsFreeWithin = 2000;

/** More of them only wait for the processor. */
const cellsAtOnce = 5;

/** `npm run test:long` runs all cells; the short form each way's plain end, and every ending for one of the ways. */
const isWhole = (process.env['AGENT_QUOTA_LONG'] ?? '') !== '';
const isInShortForm = (row: number, column: number): boolean => column === 0 || column === row;

/** A cell whose agent runs and has asked. */
interface RunningCell {
  readonly cell: StartedCell;
  readonly way: Way;
  readonly end: Ending;
  readonly place: Place;
  readonly note: AgentNote;
  readonly session: AgentRecord;
}

const claude = (...args: string[]): Promise<unknown> =>
  promisify(execFile)(process.env['AGENT_QUOTA_TEST_CLAUDE'] ?? '', args, { timeout: 30_000 });

/** Starts an agent and sees that it has its session, and that what it asks is booked to that. */
async function begin(way: Way, end: Ending, cell: StartedCell, place: Place): Promise<RunningCell> {
  const note = await cell.note();
  const session = await cell.sessionOf(note, way.agent);
  const pid = session.process.pid;
  if (way.process === 'terminal') assert.equal(pid, await place.terminal?.processId);
  else assert.equal(pid, way.process === 'launcher' ? note.parentPid : note.pid);
  cell.nextTurn();
  await cell.metered(session.sessionId);
  return { cell, way, end, place, note, session };
}

const kill = (pid: number, signal: NodeJS.Signals): boolean => process.kill(pid, signal);

/** Ends the agent, or what it runs in, as the column says. */
async function bringAbout({ cell, way, end, place, note, session }: RunningCell): Promise<void> {
  const { terminal } = place;
  switch (end) {
    case 'exit 0':
    case 'exit 3':
      // A background session waits for more turns, and is told that there are none.
      if (cell.name.startsWith('bg'))
        await claude('stop', /stop (\w+)/.exec(readFileSync(cell.file('output'), 'utf8'))?.[1] ?? '');
      cell.endTurns();
      if (way.process === 'terminal') terminal?.sendText(end);
      break;
    case 'Ctrl+C':
      terminal?.sendText('\u0003', false);
      break;
    case 'SIGTERM of the agent':
      kill(note.pid, 'SIGTERM');
      break;
    case 'SIGKILL of the agent':
      kill(note.pid, 'SIGKILL');
      break;
    case 'SIGKILL of the launcher':
      kill(session.process.pid, 'SIGKILL');
      break;
    case 'SIGKILL of the shell':
      kill(await shellOf({ cell, way, place }), 'SIGKILL');
      break;
    case 'terminal closed':
      terminal?.dispose();
  }
}

async function shellOf({ cell, way, place }: Pick<RunningCell, 'cell' | 'way' | 'place'>): Promise<number> {
  return way.process === 'terminal' ? Number(await cell.written('shell')) : Number(await place.terminal?.processId);
}

/** The process whose end frees the slot. */
async function lastProcess({ cell, way, end, place, note, session }: RunningCell): Promise<number> {
  if (end === 'SIGKILL of the launcher') return session.process.pid;
  return way.process === 'terminal' ? shellOf({ cell, way, place }) : note.pid;
}

const exitCodes: Partial<Record<Ending, number>> = {
  'exit 0': 0,
  'exit 3': 3,
  'SIGTERM of the agent': 143,
  'SIGKILL of the agent': 137,
};

async function endIt(running: RunningCell): Promise<void> {
  const { cell, way, end, place, note, session } = running;
  if (way.stays.includes(end)) {
    await bringAbout(running);
    if (way.process === 'terminal') await until('the agent has ended', () => !isRunning(note.pid), 60_000);
    await new Promise((resolve) => setTimeout(resolve, slotIsFreeWithin));
    assert.ok(isRunning(session.process.pid));
    assert.ok(
      (await liveSessions()).some(({ sessionId }) => sessionId === session.sessionId),
      'its session stays',
    );
    return;
  }
  const held = await cell.slotHeldAfter(await lastProcess(running), session, () => bringAbout(running));
  assert.ok(held <= slotIsFreeWithin, `the slot was still taken ${Math.round(held)} ms after the end of its process`);
  assert.equal(await askAs(note), 403, 'its key is dead');
  const code = exitCodes[end];
  // Whoever waited for it has been told; an agent terminal's shell only ends by `exit`.
  if (code !== undefined && place.exitCode !== undefined && !cell.name.startsWith('bg')) {
    // Its parent is told of the signal itself.
    const signalled = way.process === 'agent' && end === 'SIGKILL of the agent';
    assert.equal(await place.exitCode(), signalled ? undefined : code);
  }
}

describe('an agent has a session of its own, is metered, and gives its slot back @matrix-table', function () {
  this.timeout(300_000);
  const lanes = new Lanes();

  before(async function () {
    if (process.platform === 'win32') this.skip();
    await agentQuota();
    await clearWindow();
    writeClaudeConfiguration();
    lanes.open(cellsAtOnce);
  });
  after(async () => {
    await claude('daemon', 'stop', '--any').catch(() => undefined);
    await until('no session is left', async () => (await liveSessions()).length === 0);
    await clearWindow();
  });

  it('in every shell that is installed here', () => {
    assert.ok(onPath('bash') !== undefined && onPath('sh') !== undefined, `not here: ${missingShells.join(', ')}`);
  });

  for (const [row, way] of waysOfStarting.entries()) {
    const cannotBe = Object.entries(way.without).map(([end, reason]) => `${end}: ${reason}`);
    describe(`started by ${way.name}${cannotBe.length === 0 ? '' : ` (without ${cannotBe.join('; ')})`}`, () => {
      for (const [column, end] of endings.entries()) {
        if (way.without[end] !== undefined || !(isWhole || isInShortForm(row, column))) continue;
        const name = `${way.name === 'claude --bg' ? 'bg' : `row${row}`}.${column}`;
        const cell = lanes.run(() => runCell(way, end, name));
        it(`${end}${way.stays.includes(end) ? ', which its process outlives' : ''}`, () => cell());
      }
    });
  }
});

async function runCell(way: Way, end: Ending, name: string): Promise<void> {
  const cell = new StartedCell(name);
  let place: Place | undefined;
  try {
    place = await way.start(cell, end);
    await endIt(await begin(way, end, cell, place));
  } finally {
    cell.endTurns();
    place?.terminal?.dispose();
  }
}

/** A user who has been here before, and a hook that writes down what background sessions have. */
function writeClaudeConfiguration(): void {
  const directory = process.env['CLAUDE_CONFIG_DIR'] ?? '';
  mkdirSync(directory, { recursive: true });
  const project = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true };
  const known = { hasCompletedOnboarding: true, theme: 'dark', projects: { [scratch()]: project } };
  writeFileSync(path.join(directory, '.claude.json'), JSON.stringify(known));
  const note = `cell=\${ANTHROPIC_CUSTOM_HEADERS##*: }; case $cell in bg.*) cd '${scratch()}/cells' && { echo "PID=$PPID"; env; } > "$cell.part" && mv "$cell.part" "$cell.note";; esac`;
  const hooks = { SessionStart: [{ hooks: [{ type: 'command', command: note }] }] };
  writeFileSync(path.join(directory, 'settings.json'), JSON.stringify({ hooks }));
}
