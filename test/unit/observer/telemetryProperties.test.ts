import assert from 'node:assert/strict';
import fc from 'fast-check';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { addUsage, noUsage } from '../../../src/core/usage.ts';
import { LogsIntake } from '../../../src/observer/logsIntake.ts';
import { readJsonLogs } from '../../../src/observer/otlpJson.ts';
import { tellsOfRequest } from '../../../src/observer/telemetryEvent.ts';
import { ManagerTester } from '../core/managerTester.ts';
import { liveSession } from './observerFixture.ts';
import { apiRequest, exportOf } from './telemetryRecords.ts';

/** What one request of an agent reports. */
interface Report {
  readonly named: boolean;
  readonly subagent: number;
  readonly tokens: readonly [input: number, output: number, read: number, short: number, long: number];
}

const count = fc.nat({ max: 50_000 });
const report: fc.Arbitrary<Report> = fc.record({
  named: fc.boolean(),
  subagent: fc.nat({ max: 2 }),
  tokens: fc.tuple(count, count, count, count, count),
});

describe('deliveries of telemetry', () => {
  it('count each request once, however they are ordered, repeated, batched and interrupted', async () => {
    const deliveries = fc.array(report, { minLength: 1, maxLength: 12 }).chain((reports) => {
      const index = fc.nat({ max: reports.length - 1 });
      const batches = fc.array(fc.record({ of: fc.array(index, { maxLength: 6 }), failsAt: fc.option(fc.nat(4)) }));
      return fc.record({ reports: fc.constant(reports), batches });
    });
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ reports, batches }) => {
        const tester = new ManagerTester(maxSubscriptionPlan({ dailyTokens: 1e9 }));
        const sessionId = await tester.session('agent', 'observed');
        const owner = { kind: 'live', session: { ...liveSession, sessionId } } as const;
        let untilFailure = Infinity;
        const { manager } = tester;
        const logs = new LogsIntake(
          {
            book: (id, entry) => {
              untilFailure -= 1;
              return untilFailure < 0 ? Promise.reject(new Error('busy')) : manager.book(id, entry);
            },
            observe: (limits) => manager.observe(limits),
            heard: () => undefined,
            accountTold: () => Promise.resolve(),
            trouble: () => undefined,
          },
          (account) => account,
          tester.clock,
        );
        const deliver = async (indices: readonly number[], failsAt: number | null): Promise<void> => {
          untilFailure = failsAt ?? Infinity;
          const records = indices.flatMap((at) => recordOf(reports[at], at) ?? []);
          const read = readJsonLogs(Buffer.from(JSON.stringify(exportOf(records))), tellsOfRequest);
          await logs.take(owner, read ?? []).catch(() => undefined);
        };
        for (const { of, failsAt } of batches) await deliver(of, failsAt);
        await deliver([...reports.keys()], null);
        const expected = reports.map(usageOf).reduce(addUsage, noUsage);
        const view = await manager.view();
        assert.deepEqual(view.sessions[0]?.usage, expected);
        assert.equal(view.sessions[0].requests, reports.length);
        for (const { subagentId, requests } of view.subagents.get(sessionId) ?? []) {
          assert.equal(requests, reports.filter(({ subagent }) => `a${subagent}` === subagentId).length);
        }
        manager.dispose();
      }),
      { numRuns: 100 },
    );
  });
});

function usageOf({ tokens: [input, output, read, short, long] }: Report) {
  return {
    inputTokens: input,
    outputTokens: output,
    cacheReadTokens: read,
    cacheCreation5mTokens: short,
    cacheCreation1hTokens: long,
  };
}

function recordOf(reported: Report | undefined, at: number): unknown {
  if (reported === undefined) return undefined;
  const [input, output, read, short, long] = reported.tokens;
  return apiRequest({
    'session.id': 'claude-session',
    'prompt.id': 'prompt',
    'event.sequence': at,
    input_tokens: input,
    output_tokens: output,
    cache_read_tokens: read,
    cache_creation_tokens: short + long,
    cache_creation_5m_tokens: short,
    cache_creation_1h_tokens: long,
    ...(reported.named && { request_id: `req_${at}` }),
    ...(reported.subagent > 0 && { agent_id: `a${reported.subagent}` }),
  });
}
