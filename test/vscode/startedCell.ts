import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { AgentRecord } from '../../src/core/quotaEngine.ts';
import { addUsage, noUsage, type Usage } from '../../src/core/usage.ts';
import { createProcessTable } from '../../src/processes/processTable.ts';
import { launcherVariables } from '../../src/shared/launcherVariables.ts';
import { isSessionToken } from '../../src/shared/sessionToken.ts';
import type { ServedRequest } from '../fakes/servedLog.ts';
import { ask, liveSessions, realKey, scratch, until, upstreamUrl } from './quotaWindow.ts';

/** What an agent of the matrix (test/fakes/matrixAgent) has found itself to be. */
export interface AgentNote {
  readonly pid: number;
  readonly parentPid: number;
  readonly environment: ReadonlyMap<string, string>;
}

const processes = createProcessTable();
const turn = JSON.stringify({
  type: 'user',
  message: { role: 'user', content: 'say hi' },
  parent_tool_use_id: null,
  session_id: '',
});

/** One agent, from its start to its end: what it is told goes through a FIFO, what it says through files. */
export class StartedCell {
  readonly name: string;
  #turns: number | undefined;

  /** @param name for headers and files; a cell that is made again after a reload is the same one. */
  constructor(name: string) {
    this.name = name;
    mkdirSync(path.dirname(this.file('turns')), { recursive: true });
    if (!existsSync(this.file('turns'))) execFileSync('mkfifo', [this.file('turns')]);
    // Open for both, so that neither side waits for the other.
    this.#turns = openSync(this.file('turns'), 'r+');
  }

  file(what: string): string {
    return path.join(scratch(), 'cells', `${this.name}.${what}`);
  }

  /** Has a process of its own keep the FIFO open, so that the agent lives on when this one has ended. @returns its id. */
  keepOpen(): number {
    const keeper = spawn('sh', ['-c', 'exec sleep 600 0<>"$1"', 'sh', this.file('turns')], {
      detached: true,
      stdio: 'ignore',
    });
    keeper.unref();
    assert.ok(keeper.pid !== undefined);
    return keeper.pid;
  }

  /** Has the agent ask once more. */
  nextTurn(): void {
    assert.ok(this.#turns !== undefined);
    writeSync(this.#turns, `${turn}\n`);
  }

  /** The agent ends by itself, having nothing more to do. */
  endTurns(): void {
    if (this.#turns !== undefined) closeSync(this.#turns);
    this.#turns = undefined;
  }

  forget(): void {
    this.endTurns();
    for (const what of ['turns', 'note', 'output', 'code', 'shell']) rmSync(this.file(what), { force: true });
  }

  /** What a file of the cell says, once it is there. */
  async written(what: string): Promise<string> {
    const file = this.file(what);
    const output = this.file('output');
    try {
      return await until(
        `${path.basename(file)} is written`,
        () => (existsSync(file) ? readFileSync(file, 'utf8') : undefined),
        60_000,
      );
    } catch (error) {
      const said = existsSync(output) ? readFileSync(output, 'utf8') : 'nothing';
      throw new Error(`${this.name} did not begin. It said: ${said}`, { cause: error });
    }
  }

  async note(): Promise<AgentNote> {
    const lines = (await this.written('note')).split('\n').map((line) => line.split('='));
    const environment = new Map(lines.map(([name = '', ...value]) => [name, value.join('=')]));
    return { pid: Number(environment.get('PID')), parentPid: Number(environment.get('PPID')), environment };
  }

  /** @returns the session that the environment names, which has its agent's name and keys and no more than that. */
  async sessionOf({ environment }: AgentNote, agent: RegExp): Promise<AgentRecord> {
    const sessionId = environment.get('CLAUDE_SESSION_ID');
    const session = await until('its session is live', async () =>
      (await liveSessions()).find((live) => live.sessionId === sessionId),
    );
    assert.equal(environment.get('CLAUDE_AGENT_ID'), session.agentId);
    assert.match(session.agentId, agent);
    const keys = ['ANTHROPIC_API_KEY', 'CLAUDE_API_KEY', 'ANTHROPIC_AUTH_TOKEN'].flatMap(
      (name) => environment.get(name) ?? [],
    );
    assert.deepEqual([new Set(keys).size, isSessionToken(keys[0] ?? '')], [1, true], 'one key, the session’s own');
    assert.match(environment.get('ANTHROPIC_BASE_URL') ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.notEqual(environment.get('ANTHROPIC_BASE_URL'), upstreamUrl());
    assert.equal(environment.get('CLAUDE_BASE_URL'), environment.get('ANTHROPIC_BASE_URL'));
    const withRealKey = [...environment].filter(([, value]) => value.includes(realKey())).map(([name]) => name);
    assert.deepEqual(withRealKey, ['AGENT_QUOTA_TEST_REAL_KEY'], 'only the test’s own variable has the real key');
    const control = [...Object.values(launcherVariables), 'ELECTRON_RUN_AS_NODE'];
    assert.deepEqual(
      control.filter((name) => environment.has(name)),
      [],
    );
    return session;
  }

  /** Waits until the session has been booked exactly what the upstream has served to this agent, at least so often. */
  async metered(sessionId: string, atLeast = 1): Promise<AgentRecord> {
    return until(
      `${this.name} is booked what it was served`,
      async () => {
        const session = (await liveSessions()).find((live) => live.sessionId === sessionId);
        if (session === undefined || session.requests < atLeast || session.runningRequests > 0) return undefined;
        const { requests, usage } = await this.#served();
        return requests === session.requests && isSame(usage, session.usage) ? session : undefined;
      },
      60_000,
    );
  }

  /**
   * Watches the end of a process and of its session, from before it is brought about.
   * @returns how long after the process was seen to be gone its slot was still seen taken, in milliseconds.
   */
  async slotHeldAfter(pid: number, { sessionId }: AgentRecord, bringAbout: () => unknown): Promise<number> {
    const identity = processes.identify(pid);
    let goneAt: number | undefined;
    let heldAt = 0;
    const begunAt = performance.now();
    await bringAbout();
    for (let held = true; held || goneAt === undefined;) {
      if (goneAt === undefined && !processes.isAlive(identity)) goneAt = performance.now();
      const askedAt = performance.now();
      held = held && (await liveSessions()).some((live) => live.sessionId === sessionId);
      if (held) heldAt = askedAt;
      assert.ok(askedAt - begunAt < 60_000, goneAt === undefined ? 'its process has ended' : 'its slot is free');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return Math.max(0, heldAt - goneAt);
  }

  async #served(): Promise<{ requests: number; usage: Usage }> {
    const answer = await fetch(new URL('/_simulated/requests', upstreamUrl()));
    const requests = ((await answer.json()) as ServedRequest[]).filter(
      ({ headers, usage }) => headers['x-matrix-cell'] === this.name && usage !== undefined,
    );
    return {
      requests: requests.length,
      usage: requests.reduce((sum, { usage }) => (usage === undefined ? sum : addUsage(sum, usage)), noUsage),
    };
  }
}

/** The status of a request with an agent's key. */
export function askAs({ environment }: AgentNote): Promise<number> {
  const key = environment.get('CLAUDE_API_KEY') ?? environment.get('ANTHROPIC_AUTH_TOKEN') ?? '';
  return ask(environment.get('ANTHROPIC_BASE_URL') ?? '', key);
}

export function isRunning(pid: number): boolean {
  return processes.isAlive({ pid });
}

function isSame(a: Usage, b: Usage): boolean {
  return Object.keys(a).every((kind) => a[kind as keyof Usage] === b[kind as keyof Usage]);
}
