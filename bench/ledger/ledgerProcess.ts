/**
 * A process that works on the ledger as a window's engine does: says that it is ready, begins when its standard input
 * says so, and prints how long each call took.
 */
import { once } from 'node:events';
import { openEngine, type BenchEngine } from './benchEngine.ts';
import { sessionIds } from './filledLedger.ts';
import type { LedgerTask } from './ledgerTask.ts';
import { pacedTimes } from './pacedTimes.ts';

const task = JSON.parse(process.argv[2] ?? '') as LedgerTask;
const engine = await openEngine(task.directory, task.engineId);
console.log('ready');
await once(process.stdin, 'data');
const times = await timesOf(task, engine);
await engine.close();
process.stdout.write(`${JSON.stringify(times.map((ms) => Number(ms.toFixed(3))))}\n`, () => process.exit(0));

function timesOf({ kind, perSecond, durationMs, engineId }: LedgerTask, on: BenchEngine): Promise<number[]> {
  const sessions = sessionIds();
  const sessionOf = (index: number): string => sessions[(index * 7) % sessions.length] ?? '';
  switch (kind) {
    case 'reserveAndSettle':
      return pacedTimes((index) => on.reserveAndSettle(sessionOf(index)), perSecond, durationMs);
    case 'wholeExchange':
      return pacedTimes((index) => on.wholeExchange(sessionOf(index)), perSecond, durationMs);
    case 'setup':
      return setupTimes(on, engineId, perSecond ?? 100, durationMs);
  }
}

/** Opens sessions and, not timed, gives them back, so that as many live as before. */
async function setupTimes(on: BenchEngine, name: string, perSecond: number, durationMs: number): Promise<number[]> {
  const coordinator = on.coordinator();
  const times: number[] = [];
  await pacedTimes(
    async (index) => {
      const begun = performance.now();
      const auth = await coordinator.setupClaudeAgentAuth({ ticket: `${name}-${index}`, agentId: 'agent', waitMs: 0 });
      times.push(performance.now() - begun);
      if (auth.kind !== 'authenticated') throw new Error(`A session was not opened: ${auth.reason.message}`);
      await coordinator.releaseSession(auth.sessionId);
    },
    perSecond,
    durationMs,
  );
  await coordinator.dispose();
  return times.slice(-perSecond * Math.floor(durationMs / 1000));
}
