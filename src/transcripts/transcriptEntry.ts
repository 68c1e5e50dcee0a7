import type { Usage } from '../core/usage.ts';

/**
 * What one line of a transcript says that a message used. Claude Code writes a line for each block of a message, all with
 * the same ids; which of them count is for `keptEntries` to say.
 * Source: lines that Claude Code 2.1.330 writes.
 */
export interface TranscriptEntry {
  /** `msg_…`; older versions and other writers may leave it out. */
  readonly messageId: string | undefined;
  /** `req_…`, the answer's `request-id`; absent when the answer had none. */
  readonly requestId: string | undefined;
  /** As the upstream names it; `<synthetic>` for messages that Claude Code made itself. */
  readonly model: string | undefined;
  readonly usage: Usage;
  /** When the line was written, in milliseconds since the epoch. */
  readonly at: number;
  /** Claude Code's own session; that of the main agent in a subagent's transcript. */
  readonly claudeSessionId: string | undefined;
  /** The folder that the agent works in. */
  readonly cwd: string | undefined;
  /** Of Claude Code. */
  readonly version: string | undefined;
  /** Whether it belongs to a conversation beside the session's own: a subagent's, or a question on the side. */
  readonly isSidechain: boolean;
  /** The subagent's. */
  readonly agentId: string | undefined;
  /** In US dollars, as Claude Code before 1.0.9 wrote it. */
  readonly costUsd: number | undefined;
  readonly speed: 'standard' | 'fast' | undefined;
  /** Such as `standard`, `priority` or `batch`. */
  readonly serviceTier: string | undefined;
  /** Whether it says why the model stopped: then its usage is the last word. Earlier versions wrote lines before that. */
  readonly isWhole: boolean;
  /** Whether it was in a report of a subagent's progress in its starter's transcript, as earlier versions wrote them. */
  readonly isProgress: boolean;
  /** Whether anywhere in the line a field that ccusage knows is `null`, be it one of a tool's. */
  readonly hasNullField: boolean;
  /** Whether anywhere in the line are bytes that are not UTF-8, or half of a surrogate pair. */
  readonly isIllFormed: boolean;
}

/** What stands for the message id of entries without one; they all count. */
export const noMessageId = '';
