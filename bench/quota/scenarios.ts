import type { AgentGroup, Scenario } from './scenario.ts';

/** Agents whose requests are of ordinary size, half as large and one and a half times as large. */
function busy(count: number, conversations = 4): AgentGroup[] {
  const third = Math.floor(count / 3);
  return [
    { count: count - 2 * third, role: 'busy', conversations, size: 1 },
    { count: third, role: 'busy', conversations: conversations + 2, size: 0.6 },
    { count: third, role: 'busy', conversations, size: 1.5 },
  ];
}

const small = { requestsPerMinute: 60, tokensPerMinute: 100_000 } as const;
const medium = { requestsPerMinute: 1000, tokensPerMinute: 540_000 } as const;
const large = { requestsPerMinute: 4000, tokensPerMinute: 2_400_000 } as const;

const fifty = {
  upstream: medium,
  plan: medium,
  largestContext: 150_000,
  minutes: 40,
  warmUpMinutes: 4,
  windows: 2,
} as const;

/** The scenario whose figures are the benchmark's last line. */
export const headline = '200-agents';

export const scenarios: readonly Scenario[] = [
  {
    name: '10-agents',
    title: "10 agents on the default plan's limits (60 requests, 100,000 tokens a minute)",
    groups: busy(10),
    upstream: small,
    plan: small,
    largestContext: 45_000,
    minutes: 90,
    warmUpMinutes: 5,
    windows: 1,
  },
  { ...fifty, name: '50-agents', title: '50 agents in two windows (1,000 requests, 540,000 tokens)', groups: busy(50) },
  {
    name: headline,
    title: '200 agents in two windows (4,000 requests, 2,400,000 tokens)',
    groups: busy(200),
    upstream: large,
    plan: large,
    largestContext: 150_000,
    minutes: 30,
    warmUpMinutes: 4,
    windows: 2,
  },
  {
    ...fifty,
    name: 'bursts',
    title: '50 agents that all work for 4 minutes and pause for 3',
    groups: busy(50),
    minutes: 84,
    warmUpMinutes: 7,
    bursts: { workMs: 4 * 60_000, pauseMs: 3 * 60_000 },
  },
  {
    ...fifty,
    name: 'half-idle',
    title: '50 agents, 25 of them idle but for a request now and then',
    groups: [...busy(25, 8), { count: 25, role: 'idle', conversations: 1, size: 1 }],
  },
  {
    ...fifty,
    name: 'one-greedy',
    title: '49 agents and a greedy one with 60 requests at once',
    groups: [...busy(49), { count: 1, role: 'greedy', conversations: 60, size: 1 }],
  },
  {
    ...fifty,
    name: 'limit-halves',
    title: "50 agents; the upstream's limit halves after 20 minutes",
    groups: busy(50),
    change: { atMinute: 20, factor: 0.5 },
  },
  {
    ...fifty,
    name: 'input-output',
    title: '50 agents; the upstream limits input (450,000) and output (90,000) apart, which only its headers tell',
    groups: busy(50),
    upstream: { requestsPerMinute: 1000, inputTokensPerMinute: 450_000, outputTokensPerMinute: 90_000 },
  },
];
