import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { quotaTokens } from '../../src/core/usage.ts';
import { CallCounts } from './callCounts.ts';
import type { MachineTask } from './machineMessages.ts';
import type { MachineQuota } from './machineQuota.ts';

const key = 'organisation';
/** After a call that failed, in milliseconds. */
const retryMs = 500;

/**
 * `rate-limiter-flexible` on PostgreSQL: windows of a minute of the tokens, which are the limit that is reached; a call
 * a request, and another one when it says that there is room again. It is told beforehand what each request takes, which
 * nobody knows who uses it.
 */
export async function openFixedWindowQuota({ address, limits }: MachineTask): Promise<MachineQuota> {
  const calls = new CallCounts();
  const pool = new pg.Pool({ connectionString: address, max: 3, connectionTimeoutMillis: 5000, query_timeout: 5000 });
  // The next call takes another connection.
  pool.on('error', () => undefined);
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    points: limits.tokensPerMinute,
    duration: 60,
    tableCreated: true,
    tableName: 'limiter',
    clearExpiredByTimeout: false,
  });
  await Promise.resolve();
  return {
    admit: async (request, signal) => {
      for (;;) {
        signal.throwIfAborted();
        calls.add('consume');
        try {
          await limiter.consume(key, quotaTokens(request.usage));
          break;
        } catch (answer) {
          const waitMs = answer instanceof RateLimiterRes ? answer.msBeforeNext : retryMs;
          await sleep(waitMs, undefined, { signal });
        }
      }
      return { refused: () => Promise.resolve(), answered: () => undefined, finished: () => Promise.resolve() };
    },
    measures: () => ({ admitMs: [], calls: calls.take() }),
    close: () => pool.end(),
  };
}
