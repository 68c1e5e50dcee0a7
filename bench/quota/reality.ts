import { apiKeyPlan } from '../../src/core/plan.ts';
import { startEngine } from '../../test/e2e/runningEngine.ts';
import { startSimulatedUpstreamProcess } from '../../test/fakes/simulatedUpstreamProcess.ts';
import { engineContestant } from './engineContestant.ts';
import { figuresOf, type Figures } from './figures.ts';
import { OrganisationBuckets } from './organisationBuckets.ts';
import { quotaTable } from './quotaTable.ts';
import { RealAgents, type AgentRoute } from './realAgents.ts';
import { agentCount, type AnswerTimes, type Scenario } from './scenario.ts';
import { simulate } from './simulation.ts';
import { Tally } from './tally.ts';

const limits = { requestsPerMinute: 1000, tokensPerMinute: 540_000 } as const;
/** Events of an answer apart from its text, and how long it takes between two. */
const textEvents = 20;
const betweenEventsMs = 200;

/** What the simulated upstream is told, and so every answer takes: it knows no other. */
const scenario: Scenario & { readonly answers: AnswerTimes } = {
  name: 'reality',
  title: '50 agents for two minutes',
  groups: [{ count: 50, role: 'busy', conversations: 2, size: 1 }],
  upstream: limits,
  plan: limits,
  largestContext: 50_000,
  answers: { firstByteMs: 600, streamMs: (textEvents + 9) * betweenEventsMs },
  minutes: 2,
  warmUpMinutes: 0.5,
  windows: 1,
};

/**
 * Runs 50 real SDK clients through the real gateway and engine, as users have them (`dist/engine.cjs`), at the strict
 * simulated upstream in a process of its own, and the same scenario in the simulation.
 * @returns both, as a table.
 */
export async function compareWithReality(): Promise<string> {
  const figures = new Map([
    ['reality', await realFigures()],
    ['simulation', await simulate(scenario, engineContestant)],
  ]);
  const { requestsPerMinute, tokensPerMinute } = limits;
  return (
    `50 SDK clients with two conversations each for two minutes, of which the first half minute is warm-up, at a limit of ` +
    `${requestsPerMinute.toLocaleString('en-US')} requests and ${tokensPerMinute.toLocaleString('en-US')} tokens a ` +
    `minute. Real utilisation takes the upstream's buckets for empty when the warm-up ends, since they cannot be seen ` +
    `from outside; the simulation counts what is in them. Two minutes are too short for an even share.\n\n${quotaTable(figures)}`
  );
}

async function realFigures(): Promise<Figures> {
  const upstream = await startSimulatedUpstreamProcess({
    behaviour: {
      limits,
      outputTokens: 1_000_000,
      deltaEvents: textEvents,
      messageDeltas: 4,
      delays: { beforeHeadersMs: scenario.answers.firstByteMs, betweenEventsMs },
    },
  });
  const engine = await startEngine(upstream.url, apiKeyPlan({ ...limits, concurrentAgents: agentCount(scenario) }));
  try {
    const routes: AgentRoute[] = [];
    for (let agent = 0; agent < agentCount(scenario); agent += 1) {
      const { overlay } = await engine.open(`agent-${agent}`);
      routes.push({ baseUrl: overlay['ANTHROPIC_BASE_URL'] ?? '', key: overlay['ANTHROPIC_API_KEY'] ?? '' });
    }
    // Opening sessions has tested the credentials, and changing the limits fills the buckets again.
    await upstream.behave({ limits });
    const tally = await runAgents(routes);
    tally.refusals = (await upstream.served()).total.answered429;
    return figuresOf(scenario, tally);
  } finally {
    await engine.close();
    await upstream.close();
  }
}

async function runAgents(routes: readonly AgentRoute[]): Promise<Tally> {
  const start = Date.now();
  const tally = new Tally(() => Date.now() - start);
  // What is left in the upstream's buckets is not seen from here: none, once the warm-up has used them up.
  const { supply } = new OrganisationBuckets(limits, start).second(start);
  const level = { requestsPerMinute: 0, tokensPerMinute: 0, inputTokensPerMinute: 0, outputTokensPerMinute: 0 };
  const seconds = setInterval(() => {
    tally.secondPassed({ supply, level });
  }, 1000);
  try {
    await new RealAgents(scenario, tally).run(routes);
  } finally {
    clearInterval(seconds);
  }
  return tally;
}
