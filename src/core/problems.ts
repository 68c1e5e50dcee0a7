import { decidingPart, type Dimension, type LimitStatus } from '../shared/limitStatus.ts';
import { withoutQuotaCode } from '../shared/launcherLines.ts';
import type { Problem } from './credentials.ts';
import type { QuotaStatus } from './quotaStatus.ts';
import type { SpentLimit } from './requestLine.ts';
import type { SlotOutcome } from './slotQueue.ts';

const names: Readonly<Record<Dimension, string>> = {
  requestsPerMinute: 'requests a minute',
  tokensPerMinute: 'tokens a minute',
  inputTokensPerMinute: 'input tokens a minute',
  outputTokensPerMinute: 'output tokens a minute',
  tokensPerDay: 'tokens of today',
  fiveHour: '5-hour window',
  sevenDay: '7-day window',
  slots: 'agents at once',
};

function isWindow({ dimension }: LimitStatus): boolean {
  return dimension === 'fiveHour' || dimension === 'sevenDay';
}

/** Nobody waits for a window that opens late, and it is not ours to make it larger. */
function windowClosed({ dimension, models, resetsAt }: LimitStatus): Problem {
  const what = `The subscription's ${names[dimension]}${models === undefined ? '' : ` for ${models}`}`;
  const until = resetsAt === undefined ? 'it starts anew' : `it starts anew, ${new Date(resetsAt).toLocaleString()}`;
  return {
    code: 'limit-reached',
    severity: 'warning',
    message: `${what} is used up; agents are refused until ${until}.`,
    nextStep: 'Wait until then: Anthropic reports this window itself, and no setting makes it larger.',
  };
}

/** By what is used up. */
const usedUp: Readonly<Record<SpentLimit, (until: number) => Problem>> = {
  day: (until: number): Problem => ({
    code: 'day-used-up',
    severity: 'warning',
    message: `The plan's tokens of today are used up until ${new Date(until).toLocaleString()}.`,
    nextStep: 'Wait until then, or raise the daily tokens in the settings.',
  }),

  'agent-day': (until: number): Problem => ({
    code: 'agent-day-used-up',
    severity: 'warning',
    message: `This agent's own tokens of today are used up until ${new Date(until).toLocaleString()}.`,
    nextStep: 'Wait until then, or raise its tokensPerDay in the setting agentQuota.agents.',
  }),

  window: (until: number): Problem => ({
    code: 'window-used-up',
    severity: 'warning',
    message: `The subscription's usage window is used up until ${new Date(until).toLocaleString()}.`,
    nextStep: 'Wait until then; Anthropic reports this window itself.',
  }),
};

/** What the core tells people, each with a next step. */
export const problems = {
  /** @param until milliseconds since the epoch. */
  usedUp: (what: SpentLimit, until: number): Problem => usedUp[what](until),

  badAgentId: (): Problem => ({
    code: 'bad-agent-name',
    severity: 'error',
    message: 'The agent name has characters that cannot be used, or is too long.',
    nextStep: 'Use 1 to 64 letters, digits or . _ : @ / -',
  }),

  notConfigured: (): Problem => ({
    code: 'no-credentials',
    severity: 'error',
    message: 'No Claude credentials are known yet.',
    nextStep: 'Wait until Agent Quota has started, or reload the window.',
  }),

  noSlot: ({ running, why }: SlotOutcome & { kind: 'no-slot' }, slots: number): Problem => {
    const names = running.length === 0 ? '' : ` (${running.slice(0, 5).join(', ')}${running.length > 5 ? ', …' : ''})`;
    return why === 'given-up'
      ? {
          code: 'given-up',
          severity: 'warning',
          message: 'The agent was not started, because the wait for a slot was given up.',
          nextStep: 'Start it again when another agent has ended.',
        }
      : {
          code: 'no-slot',
          severity: 'warning',
          message: `${slots === 1 ? 'The plan’s one slot is' : `All ${slots} slots of the plan are`} taken${names}.`,
          nextStep: 'End or release an agent, or raise the number of concurrent agents in the settings.',
        };
  },

  withoutQuota: (): Problem => ({
    code: withoutQuotaCode,
    severity: 'warning',
    message: 'This agent runs without quota, as you chose: it did not wait for a slot.',
    nextStep: 'Start it again to have it metered.',
  }),

  /** @param models those that it concerns (`opus-5`); undefined for all. */
  paused: (until: number, models?: string): Problem => ({
    code: 'paused',
    severity: 'warning',
    message:
      `The upstream asked for a pause until ${new Date(until).toLocaleTimeString()}; requests ` +
      `${models === undefined ? '' : `for ${models} `}wait.`,
    nextStep: 'Wait; nothing is lost, and requests go on by themselves.',
  }),

  ledgerFails: (cause: string): Problem => ({
    code: 'ledger-fails',
    severity: 'error',
    message: `What agents use cannot be written down now (${cause}).`,
    nextStep: 'Make room on the disk, or check the rights of the folder; it is tried again by itself.',
  }),

  inMemory: (reason: string): Problem => ({
    code: 'ledger-in-memory',
    severity: 'warning',
    message: `Usage is kept for this window only, and not shared with others. ${reason}`,
    nextStep:
      'Put right what is said there. Agent Quota goes back to its file when it can and no agent of this window runs, or when ' +
      'you reload the window; until then run agents from one window only.',
  }),

  agentsWait: (count: number): Problem => ({
    code: 'agents-wait',
    severity: 'warning',
    message: count === 1 ? 'One agent waits for a slot.' : `${count} agents wait for a slot.`,
    nextStep: 'End or release an agent, or raise the number of concurrent agents in the settings.',
  }),

  limitReached: ({ limits, percentage }: QuotaStatus): Problem => {
    const [closed] = limits
      .filter((limit) => isWindow(limit) && limit.percentage >= 100)
      .sort((a, b) => (b.resetsAt ?? 0) - (a.resetsAt ?? 0));
    if (closed !== undefined) return windowClosed(closed);
    const limit = limits.find((candidate) => !isWindow(candidate) && candidate.percentage === percentage);
    const what =
      limit === undefined ? 'A limit' : `The limit of ${decidingPart(limit).limit} ${names[limit.dimension]}`;
    return {
      code: 'limit-reached',
      severity: 'warning',
      message: `${what} is reached; ${limit?.dimension === 'tokensPerDay' ? 'requests are refused until midnight' : 'requests wait'}.`,
      nextStep: 'Wait, run fewer agents at once, or raise the limit in the settings if your plan allows more.',
    };
  },
} as const;
