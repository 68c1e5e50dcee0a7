import { parentPort, workerData } from 'node:worker_threads';
import { openLedger } from '../../../src/ledger/openLedger.ts';
import type { Plan } from '../../../src/core/plan.ts';
import { LedgerTester } from './ledgerTester.ts';
import { silentLogger } from './silentLogger.ts';

/** What one of several threads does on a ledger that they share. */
export interface LedgerWork {
  readonly directory: string;
  readonly name: string;
  readonly plan: Plan;
  readonly sessions: number;
  readonly requests: number;
}

/** What came of it. */
export interface LedgerWorkDone {
  readonly kept: string;
  readonly opened: number;
  readonly admitted: number;
}

/** Opens sessions and asks for requests, as many as it gets. */
async function work({ directory, name, plan, sessions, requests }: LedgerWork): Promise<LedgerWorkDone> {
  const { ledger, kept } = await openLedger(directory, silentLogger);
  const tester = new LedgerTester(ledger, plan, name);
  let opened = 0;
  let admitted = 0;
  let mine: string | undefined;
  for (let index = 0; index < sessions; index += 1) {
    const outcome = await tester.open(`${name} ${index}`);
    if (outcome.kind !== 'opened') continue;
    opened += 1;
    mine = outcome.session.sessionId;
  }
  for (let index = 0; index < requests && mine !== undefined; index += 1) {
    const { state } = await tester.ask(mine, { engineId: name });
    if (state === 'admitted') admitted += 1;
  }
  await ledger.close();
  return { kept: kept.kind, opened, admitted };
}

const port = parentPort;
if (port !== null) {
  void work(workerData as LedgerWork).then((done) => {
    port.postMessage(done);
  });
}
