import { type HistorySeries, noAmount, type UsageHistory } from '../../../src/shared/usageHistory.ts';
import { sampleNow } from './samples.ts';

const hour = 3_600_000;
const query = { span: 'day', by: 'agent' } as const;

function series(changes: Partial<HistorySeries>): HistorySeries {
  return {
    origin: 'quota',
    key: 'agent-1',
    members: 1,
    tokens: [0, 300],
    sum: { ...noAmount, requests: 2, inputTokens: 300, cost: { usd: 1.5, unpricedRequests: 0 } },
    ...changes,
  };
}

export function sampleHistory(changes: Partial<UsageHistory> = {}): UsageHistory {
  const total = { quota: noAmount, machines: noAmount, otherPlans: noAmount, elsewhere: noAmount };
  return {
    at: sampleNow,
    query,
    starts: [sampleNow - hour, sampleNow],
    series: [series({}), series({ key: undefined, members: 3, tokens: [5, 0] }), series({ sum: noAmount })],
    days: [{ day: '2026-01-15', quota: series({}).sum, machines: noAmount, elsewhere: series({}).sum }],
    totals: { today: { ...total, quota: series({}).sum }, sevenDays: total, thirtyDays: total, ninetyDays: total },
    costs: 'api-equivalent',
    transcripts: { kind: 'reading', share: 0.25 },
    otherMachines: { kind: 'none' },
    ...changes,
  };
}
