import { AdmissionRefusedError } from './admission.ts';
import type { LineRun } from './ledger.ts';
import type { SpentLimit } from './requestLine.ts';

/** How a request's wait in line ended. */
export type Decided =
  (LineRun['decided'] extends ReadonlyMap<string, infer State> ? State : never) | { readonly kind: 'plan-changed' };

/** What a session's requests wait for. */
export type Lack = 'limits' | 'slot' | 'resumption';

/** What a request waited for, and what its user can do. */
const lackTexts: Readonly<Record<Lack, string>> = {
  limits:
    "because the plan's limits are used up. Try again, run fewer agents at once, or raise the limits in the settings of Agent Quota.",
  slot: 'because this session gave its slot back while it did nothing, and all slots are taken now. Try again, end or release another agent, or raise the number of concurrent agents in the settings of Agent Quota.',
  resumption: 'because this session is paused. Resume it in the Agent Sessions view of VS Code, and try again.',
};

/** @param lack what it waited for. */
export function waitedTooLong(waitMs: number, lack: Lack, retryAfterSeconds: number): AdmissionRefusedError {
  const held =
    waitMs === 0 ? 'did not hold this request' : `held this request for ${Math.round(waitMs / 1000)} seconds`;
  return new AdmissionRefusedError(`Agent Quota ${held}, ${lackTexts[lack]}`, retryAfterSeconds);
}

/** What an agent's user is told of a request that was not admitted. */
export function refusal(decided: Exclude<Decided, { kind: 'admitted' }>): AdmissionRefusedError {
  if (decided.kind === 'gone') {
    return new AdmissionRefusedError('This session has ended. Start a new agent terminal to go on.', undefined);
  }
  if (decided.kind === 'plan-changed') {
    return new AdmissionRefusedError('The plan was changed while this request waited. Try again.', 1);
  }
  const until = new Date(decided.until).toLocaleString([], { weekday: 'short', hour: '2-digit', minute: '2-digit' });
  return new AdmissionRefusedError(usedUpTexts[decided.what](until), undefined);
}

const usedUpTexts: Readonly<Record<SpentLimit, (until: string) => string>> = {
  day: (until) =>
    `The tokens of today do not suffice for this request. Go on after ${until}, or raise the daily tokens in the settings of Agent Quota.`,
  'agent-day': (until) =>
    `This agent's own tokens of today do not suffice for this request. Go on after ${until}, or raise its tokensPerDay in the setting agentQuota.agents.`,
  window: (until) => `The subscription's usage window is used up. Go on after ${until}, when it starts anew.`,
};
