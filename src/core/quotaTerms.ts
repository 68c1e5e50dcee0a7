import { limitsOfAgent, type AgentLimits, type AgentRule } from './agentRules.ts';
import { modelGroup } from './modelGroup.ts';
import type { Plan } from './plan.ts';
import type { Session } from './session.ts';

/** What the user's settings say of the quota. */
export interface QuotaTerms {
  /** The plan's own record in the ledger: each account is a plan of its own. Holds no `/`. */
  readonly planId: string;
  readonly plan: Plan;
  readonly agents: readonly AgentRule[];
  /**
   * Whether the plan's daily tokens hold: always, or only until Anthropic has reported the subscription's own windows
   * (`reported` never uses the daily tokens at all).
   */
  readonly dailyTokens: 'fallback' | 'reported';
}

/** Whether accounts of the plan are told apart by what agents say: an API key's is known by the key. */
export function hasAccounts({ plan }: Pick<QuotaTerms, 'plan'>): boolean {
  return plan.kind === 'MaxSubscription';
}

/** The record of an account of a subscription. @param account a digest of who it is, without `/`. */
export function accountRecord({ plan }: Pick<QuotaTerms, 'plan'>, account: string): string {
  return `${plan.kind}-${account}`;
}

/** The record of what was used before an account was told. */
export function untoldRecord({ plan }: Pick<QuotaTerms, 'plan'>): string {
  return plan.kind;
}

/** Whether a record is one of a subscription's accounts, told or not. */
export function isAccountRecord(terms: Pick<QuotaTerms, 'plan'>, planId: string): boolean {
  return hasAccounts(terms) && (planId === untoldRecord(terms) || planId.startsWith(accountRecord(terms, '')));
}

/** Whether what one record has counts for another's account: its own does, and what nobody has told the account of. */
export function countsFor(planId: string, own: string): boolean {
  return planId === own || own.startsWith(`${planId}-`);
}

/** The terms that hold for a session: an agent on a login of its own may be on another account than its window. */
export function termsOfSession(terms: QuotaTerms, { mode, planId }: Pick<Session, 'mode' | 'planId'>): QuotaTerms {
  return isServedBy(terms, { mode, planId }) ? termsOfUsage(terms, { mode, planId }) : terms;
}

/**
 * The terms that what a session has used is booked by. Another window's agent on a login may be on another plan than any
 * account here: what it has used counts in its own record and never here.
 */
export function termsOfUsage(terms: QuotaTerms, { mode, planId }: Pick<Session, 'mode' | 'planId'>): QuotaTerms {
  return mode !== 'observed' || planId === terms.planId ? terms : { ...terms, planId };
}

/** Whether a window serves a session: one of an agent on a login is on one of the window's accounts, or another window's. */
export function isServedBy(
  terms: Pick<QuotaTerms, 'plan' | 'planId'>,
  { mode, planId }: Pick<Session, 'mode' | 'planId'>,
): boolean {
  return mode !== 'observed' || planId === terms.planId || isAccountRecord(terms, planId);
}

/** Limits that requests share, and that the ledger keeps count of as one. */
export type Scope =
  | { readonly kind: 'plan'; readonly id: string; readonly planId: string }
  | { readonly kind: 'model'; readonly id: string; readonly planId: string; readonly group: string }
  | { readonly kind: 'agent'; readonly id: string; readonly planId: string; readonly limits: AgentLimits };

export function planScope({ planId }: QuotaTerms): Scope {
  return { kind: 'plan', id: planId, planId };
}

export function modelScope({ planId }: QuotaTerms, model: string): Scope {
  const group = modelGroup(model);
  return { kind: 'model', id: `${planId}/model/${group}`, planId, group };
}

/** Where an agent's own count is kept, limited or not. */
export function agentScopeId(planId: string, agentId: string): string {
  return `${planId}/agent/${agentId}`;
}

export function agentScope({ planId, agents }: QuotaTerms, agentId: string): Scope & { kind: 'agent' } {
  return { kind: 'agent', id: agentScopeId(planId, agentId), planId, limits: limitsOfAgent(agents, agentId) };
}

/**
 * The limits that a request comes under: the plan's, its model group's when the model is known, and its agent's where
 * the settings limit it.
 */
export function scopesOf(terms: QuotaTerms, agentId: string, model: string | undefined): Scope[] {
  const agent = agentScope(terms, agentId);
  return [
    planScope(terms),
    ...(model === undefined ? [] : [modelScope(terms, model)]),
    ...(limitsTokens(agent.limits) ? [agent] : []),
  ];
}

function limitsTokens({ requestsPerMinute, tokensPerMinute, tokensPerDay }: AgentLimits): boolean {
  return requestsPerMinute !== undefined || tokensPerMinute !== undefined || tokensPerDay !== undefined;
}

/** A scope by the id that the ledger has kept, with what the settings say of it now. */
export function scopeOfId(terms: QuotaTerms, id: string): Scope {
  const [planId = '', kind, ...rest] = id.split('/');
  const name = rest.join('/');
  if (kind === 'model') return { kind: 'model', id, planId, group: name };
  if (kind === 'agent') return { kind: 'agent', id, planId, limits: limitsOfAgent(terms.agents, name) };
  return { kind: 'plan', id, planId };
}
