import { isUtf8 } from 'node:buffer';
import * as z from 'zod';
import { type Usage } from '../core/usage.ts';
import { hasNullField } from './nullField.ts';
import { parseTimestamp } from './parseTimestamp.ts';
import { type TranscriptEntry } from './transcriptEntry.ts';

/**
 * What every line with usage has in it, unescaped. Within a string its quotes would be escaped, so that a line whose text
 * speaks of usage is not taken for one.
 */
export const usageMarker: Buffer = Buffer.from('"usage":{');

const count = z.int().nonnegative();
const name = z.string().min(1).nullish();

const usageSchema = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_creation_input_tokens: count.nullish(),
  cache_read_input_tokens: count.nullish(),
  cache_creation: z
    .object({ ephemeral_5m_input_tokens: count.optional(), ephemeral_1h_input_tokens: count.optional() })
    .nullish(),
  speed: z.enum(['standard', 'fast']).nullish(),
  service_tier: z.string().nullish().catch(undefined),
});
const messageSchema = z.object({
  id: name,
  model: name,
  usage: usageSchema,
  stop_reason: z.string().nullish().catch(undefined),
});
const entryMembers = {
  timestamp: z.string(),
  message: messageSchema,
  costUSD: z.number().nullish(),
  requestId: name,
  isSidechain: z.boolean().nullish(),
};
const lineSchema = z.object({
  ...entryMembers,
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d/)
    .nullish(),
  sessionId: name,
  cwd: z.string().nullish().catch(undefined),
  agentId: z.string().nullish().catch(undefined),
});
const progressSchema = z.object({
  data: z.object({ message: z.object(entryMembers), agentId: z.string().nullish().catch(undefined) }),
  sessionId: z.string().nullish().catch(undefined),
  cwd: z.string().nullish().catch(undefined),
  version: z.string().nullish().catch(undefined),
});

/**
 * Reads one line of a transcript. Of what it takes and what it refuses it is as strict as ccusage.
 * @param line without its line break; of any content.
 * @returns undefined when it is not a whole line with usage. Never throws.
 */
export function parseTranscriptLine(line: Buffer): TranscriptEntry | undefined {
  return line.includes(usageMarker) ? parseUsageLine(line) : undefined;
}

/** The same of a line that is known to have `usageMarker` in it. */
export function parseUsageLine(line: Buffer): TranscriptEntry | undefined {
  const text = line.toString('utf8');
  const json = parsedJson(text);
  const own = lineSchema.safeParse(json);
  const progress = own.success ? undefined : progressSchema.safeParse(json).data;
  if (!own.success && progress === undefined) return undefined;
  const marks = {
    isProgress: progress !== undefined,
    hasNullField: hasNullField(line),
    isIllFormed: !isUtf8(line) || (surrogates.some((escape) => text.includes(escape)) && !isWellFormed(json)),
  };
  if (own.success) return entryOf(own.data, own.data, own.data.agentId, marks);
  return progress && entryOf(progress.data.message, progress, progress.data.agentId, marks);
}

/** How a code unit begins that may be half of a pair. */
const surrogates = ['\\ud', '\\uD'];

interface Around {
  readonly sessionId?: string | null | undefined;
  readonly cwd?: string | null | undefined;
  readonly version?: string | null | undefined;
}

type Marks = Pick<TranscriptEntry, 'isProgress' | 'hasNullField' | 'isIllFormed'>;

function entryOf(
  { timestamp, message, costUSD, requestId, isSidechain }: z.infer<z.ZodObject<typeof entryMembers>>,
  { sessionId, cwd, version }: Around,
  agentId: string | null | undefined,
  marks: Marks,
): TranscriptEntry | undefined {
  const at = parseTimestamp(timestamp);
  if (at === undefined) return undefined;
  return {
    messageId: message.id ?? undefined,
    requestId: requestId ?? undefined,
    model: message.model ?? undefined,
    usage: usageOf(message.usage),
    at,
    claudeSessionId: sessionId ?? undefined,
    cwd: cwd ?? undefined,
    version: version ?? undefined,
    isSidechain: isSidechain ?? false,
    agentId: agentId ?? undefined,
    costUsd: costUSD ?? undefined,
    speed: message.usage.speed ?? undefined,
    serviceTier: message.usage.service_tier ?? undefined,
    isWhole: typeof message.stop_reason === 'string',
    ...marks,
  };
}

/** Where the two lifetimes are told apart they are what counts; else all that was written is taken for 5 minutes. */
function usageOf(wire: z.infer<typeof usageSchema>): Usage {
  const { cache_creation: split } = wire;
  return {
    inputTokens: wire.input_tokens,
    cacheCreation5mTokens: split ? (split.ephemeral_5m_input_tokens ?? 0) : (wire.cache_creation_input_tokens ?? 0),
    cacheCreation1hTokens: split?.ephemeral_1h_input_tokens ?? 0,
    cacheReadTokens: wire.cache_read_input_tokens ?? 0,
    outputTokens: wire.output_tokens,
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether no text in a value has half of a surrogate pair. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (Array.isArray(value)) return value.every(isWellFormed);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, member]) => key.isWellFormed() && isWellFormed(member));
}
