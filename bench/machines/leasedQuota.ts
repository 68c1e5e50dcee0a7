import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { nanoid } from 'nanoid';
import { ClaudeQuotaManager } from '../../src/core/claudeQuotaManager.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { Settlement } from '../../src/gateway/settlement.ts';
import type { LedgerStore } from '../../src/ledger/ledgerStore.ts';
import { openLedger } from '../../src/ledger/openLedger.ts';
import { readAddress, type LedgerAddress } from '../../src/postgres/ledgerAddress.ts';
import { openPostgresQuota } from '../../src/postgres/postgresQuota.ts';
import { systemMonotonicClock } from '../../src/processes/systemMonotonicClock.ts';
import { FakeSecrets } from '../../test/fakes/fakeSecrets.ts';
import { askOf } from '../quota/askOf.ts';
import { strictLogger } from '../strictLogger.ts';
import { CallCounts } from './callCounts.ts';
import type { MachineTask } from './machineMessages.ts';
import type { MachineQuota } from './machineQuota.ts';
import { TimedLedger } from './timedLedger.ts';

const checkpointScript = fileURLToPath(import.meta.resolve('../../src/ledger/checkpointThread.ts'));
/** The default of the settings. */
const safeShareMs = 10 * 60_000;
/** A slot may be another's for a moment. */
const slotRetryMs = 200;

/** Agent Quota as a machine has it: a ledger in SQLite, leases of the shared one, and a window's quota manager. */
export async function openLeasedQuota(task: MachineTask): Promise<MachineQuota> {
  const calls = new CallCounts();
  const { ledger, timed, store } = await openTimedLedger(task, calls);
  const engineId = engineOf(task, task.life);
  await ledger.join(engineId, { pid: process.pid }, Date.now());
  if (task.life > 0) await endFormerLife(ledger, engineOf(task, task.life - 1));
  const plan = apiKeyPlan({ ...task.limits, concurrentAgents: task.machines * task.agents });
  const secrets = new FakeSecrets(engineId);
  const manager = new ClaudeQuotaManager(plan, {
    ledger,
    clock: systemMonotonicClock,
    secrets,
    logger: strictLogger,
    engineId,
  });
  const first = task.machine * task.agents;
  for (let agent = first; agent < first + task.agents; agent += 1) await openSession(manager, task, agent);
  return {
    admit: async (request, signal) => {
      const ask = { ...askOf(request), sessionId: sessionOf(task, request.agent) };
      const reservation = await manager.reserve(ask, signal);
      const settlement = new Settlement(reservation, strictLogger);
      const { usage, model } = request;
      return {
        refused: (report, requestId) => {
          settlement.answered();
          void settlement.tell(() => manager.observe(report));
          return settlement.end({ usage: undefined, model: undefined, requestId, status: 429 });
        },
        answered: (report) => {
          settlement.answered();
          void settlement.tell(() => manager.observe(report));
          settlement.metered({ ...usage, outputTokens: 1 });
        },
        finished: (requestId) => settlement.end({ usage, model, requestId, status: 200 }),
      };
    },
    measures: () => ({ admitMs: timed.takeTimes(), calls: calls.take() }),
    close: async () => {
      // What is not delivered stays in the machine's ledger and is delivered when it starts again; none does after this.
      const isDelivered = (): Promise<boolean> => store.read(() => store.shared.outbox(1).length === 0);
      for (let tries = 0; tries < 150 && !(await isDelivered()); tries += 1) await sleep(200);
      manager.dispose();
      await ledger.close();
    },
  };
}

async function openTimedLedger(
  task: MachineTask,
  calls: CallCounts,
): Promise<{ readonly ledger: Ledger; readonly timed: TimedLedger; readonly store: LedgerStore }> {
  const clock = systemMonotonicClock;
  const shared = calls.of(openPostgresQuota({ address: addressOf(task), clock, logger: strictLogger }));
  let made: { readonly timed: TimedLedger; readonly store: LedgerStore } | undefined;
  const { ledger, kept } = await openLedger(task.directory, strictLogger, {
    checkpointScript,
    build: (store) => {
      const timed = new TimedLedger({
        store,
        shared,
        clock,
        names: { name: `machine-${task.machine}`, user: 'bench' },
        newId: () => nanoid(),
        whenAway: () => ({ kind: 'safe-share', forMs: safeShareMs }),
        logger: strictLogger,
      });
      made = { timed, store };
      return timed;
    },
  });
  if (kept.kind !== 'sqlite' || made === undefined) throw new Error('The ledger is not in SQLite.');
  return { ledger, ...made };
}

/** What the engine does that finds another one gone. */
async function endFormerLife(ledger: Ledger, before: string): Promise<void> {
  await ledger.forgetEngine(before, Date.now());
  for (const { sessionId } of await ledger.liveSessions())
    await ledger.endSession(sessionId, 'process-ended', Date.now());
}

async function openSession(manager: ClaudeQuotaManager, task: MachineTask, agent: number): Promise<void> {
  const sessionId = sessionOf(task, agent);
  for (;;) {
    const outcome = await manager.allocate({
      sessionId,
      ticket: sessionId,
      agentId: `agent-${agent}`,
      mode: 'routed',
      tokenHash: `hash of ${sessionId}`,
      process: { pid: process.pid },
      workspace: 'bench',
      wait: false,
    });
    if (outcome.kind === 'opened') return;
    if (outcome.kind !== 'no-slot') throw new Error(`A session was not opened: ${outcome.kind}`);
    await sleep(slotRetryMs);
  }
}

function addressOf({ address }: MachineTask): LedgerAddress {
  const outcome = readAddress(address, 'the bench', {});
  if (outcome.kind !== 'address') throw new Error('The bench has no address of its database.');
  return outcome.address;
}

function engineOf({ machine }: MachineTask, life: number): string {
  return `engine-${machine}-${life}`;
}

function sessionOf({ life }: MachineTask, agent: number): string {
  return `session-${agent}-${life}`;
}
