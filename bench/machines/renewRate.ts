import { calendarDay } from '../../src/core/calendarDay.ts';
import { SharedDatabase } from '../../test/support/sharedDatabase.ts';
import type { PostgresServer } from '../../test/support/postgresServer.ts';
import { FakeMachine } from '../../test/unit/postgres/fakeMachine.ts';

const machines = 24;
/** Each asks on a few connections, as a machine does. */
const clients = 8;
const warmUpMs = 1000;
const measuredMs = 5000;
const plenty = { requestsPerMinute: 1e6, tokensPerMinute: 1e9 };

/**
 * How many leases one PostgreSQL renews in a second, as fast as it can: every machine reports and asks again as soon as it
 * is answered. Calls of one plan go one after the other, each with the plan's row locked.
 * @param plans the machines are on so many, each as many.
 */
export async function renewRate(server: PostgresServer, plans: number): Promise<number> {
  const database = await SharedDatabase.make(Date.now(), server);
  await database.runClock();
  try {
    const quotas = Array.from({ length: clients }, () => database.open());
    const { key: dayKey } = calendarDay(Date.now());
    let answered = 0;
    let isOver = false;
    const lives = Array.from({ length: machines }, async (_, index) => {
      const [quota] = quotas.slice(index % clients);
      if (quota === undefined) return;
      const machine = new FakeMachine(quota, `m${index}`, { set: plenty, planId: `plan ${index % plans}`, dayKey });
      while (!isOver) {
        machine.use({ requestsPerMinute: 1, tokensPerMinute: 1000 });
        await machine.askUntilAnswered({}, { requestsPerMinute: 1, tokensPerMinute: 1000 });
        answered += 1;
      }
    });
    const over = Promise.all(lives);
    // Told when it is waited for.
    over.catch(() => undefined);
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    await pause(warmUpMs);
    const [before, begun] = [answered, performance.now()];
    await pause(measuredMs);
    const rate = ((answered - before) / (performance.now() - begun)) * 1000;
    isOver = true;
    await over;
    return rate;
  } finally {
    await database.close();
  }
}
