import { createHash } from 'node:crypto';
import type { UsageEntry } from '../core/ledger.ts';
import { subagentNamed } from '../core/subagent.ts';
import { totalTokens } from '../core/usage.ts';
import type { TranscriptEntry } from './transcriptEntry.ts';

/** What is booked of a request that a transcript tells of. */
export type TranscriptRequest = UsageEntry & { readonly requestId: string };

/** Ids that telemetry and the gateway have from Anthropic as well. */
const requestIdPattern = /^[\w.:-]{1,128}$/;
/** Clouds that resell Claude have a plan of their own. Source: ids that Amazon Bedrock and Google Vertex AI give. */
const foreignMessage = /^msg_(?:bdrk|vrtx)_/;

/**
 * @param parentId the subagent that started the entry's one; undefined when the session's own agent did.
 * @returns undefined for what is no request of the plan's, such as what Claude Code answers by itself.
 */
export function requestOf(entry: TranscriptEntry, parentId: string | undefined): TranscriptRequest | undefined {
  const { usage, model, messageId = '' } = entry;
  if (model === '<synthetic>' || totalTokens(usage) === 0 || foreignMessage.test(messageId)) return undefined;
  const subagent = subagentNamed(entry.agentId, parentId);
  const requestId = hasRequestId(entry) ? entry.requestId : derivedId(entry);
  return { usage, model, requestId, ...(subagent !== undefined && { subagent }) };
}

/** Whether others that tell of the same request name it alike. */
export function hasRequestId(entry: TranscriptEntry): entry is TranscriptEntry & { readonly requestId: string } {
  return entry.requestId !== undefined && requestIdPattern.test(entry.requestId);
}

/** Names a request that the upstream gave no id the same in every copy of its line. */
function derivedId({ messageId, agentId, at, usage }: TranscriptEntry): string {
  const place = messageId === undefined ? [agentId, at, usage] : [messageId];
  return `transcript-${createHash('sha256').update(JSON.stringify(place)).digest('base64url').slice(0, 22)}`;
}
