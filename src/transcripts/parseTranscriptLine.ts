import { isUtf8 } from 'node:buffer';
import type { Usage } from '../core/usage.ts';
import { hasNullField } from './nullField.ts';
import { parseTimestamp } from './parseTimestamp.ts';
import type { TranscriptEntry } from './transcriptEntry.ts';

/**
 * What every line with usage has in it, unescaped. Within a string its quotes would be escaped, so that a line whose text
 * speaks of usage is not taken for one.
 */
export const usageMarker: Buffer = Buffer.from('"usage":{');

/** What lines say of what a message used; their other members are not looked at. Checked by `isUsage`. */
interface WireUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens?: number | null;
  readonly cache_read_input_tokens?: number | null;
  readonly cache_creation?: {
    readonly ephemeral_5m_input_tokens?: number;
    readonly ephemeral_1h_input_tokens?: number;
  } | null;
  readonly speed?: 'standard' | 'fast' | null;
  readonly service_tier?: unknown;
}

interface WireEntry {
  readonly timestamp: string;
  readonly message: {
    readonly id?: string | null;
    readonly model?: string | null;
    readonly usage: WireUsage;
    readonly stop_reason?: unknown;
  };
  readonly costUSD?: number | null;
  readonly requestId?: string | null;
  readonly isSidechain?: boolean | null;
}

/** Around an entry: in its own line, or in that of a report of progress. */
interface WireContext {
  readonly version?: unknown;
  readonly sessionId?: unknown;
  readonly cwd?: unknown;
}

interface WireLine extends WireEntry, WireContext {
  readonly agentId?: unknown;
}

interface WireProgress extends WireContext {
  readonly data: { readonly message: WireEntry; readonly agentId?: unknown };
}

/**
 * Reads one line of a transcript. Of what it takes and what it refuses it is as strict as ccusage. Its checks are written
 * out, since there are hundreds of thousands of lines: a schema takes as long for them as to parse the JSON.
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
  const isOwn = isLine(json);
  if (!isOwn && !isProgress(json)) return undefined;
  const marks = {
    isProgress: !isOwn,
    hasNullField: hasNullField(line),
    isIllFormed: !isUtf8(line) || (surrogates.some((escape) => text.includes(escape)) && !isWellFormed(json)),
  };
  return isOwn ? entryOf(json, json, json.agentId, marks) : entryOf(json.data.message, json, json.data.agentId, marks);
}

/** How a code unit begins that may be half of a pair. */
const surrogates = ['\\ud', '\\uD'];

type Marks = Pick<TranscriptEntry, 'isProgress' | 'hasNullField' | 'isIllFormed'>;

function entryOf(
  { timestamp, message, costUSD, requestId, isSidechain }: WireEntry,
  { sessionId, cwd, version }: WireContext,
  agentId: unknown,
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
    claudeSessionId: textOf(sessionId),
    cwd: textOf(cwd),
    version: textOf(version),
    isSidechain: isSidechain ?? false,
    agentId: textOf(agentId),
    costUsd: costUSD ?? undefined,
    speed: message.usage.speed ?? undefined,
    serviceTier: textOf(message.usage.service_tier),
    isWhole: typeof message.stop_reason === 'string',
    ...marks,
  };
}

/** Where the two lifetimes are told apart they are what counts; else all that was written is taken for 5 minutes. */
function usageOf(wire: WireUsage): Usage {
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

const versionPattern = /^\d+\.\d+\.\d/;

function isLine(value: unknown): value is WireLine {
  if (!isEntry(value)) return false;
  const { version, sessionId }: WireEntry & WireContext = value;
  return isName(sessionId) && (isMissing(version) || (typeof version === 'string' && versionPattern.test(version)));
}

function isProgress(value: unknown): value is WireProgress {
  return isObject(value) && isObject(value['data']) && isEntry(value['data']['message']);
}

function isEntry(value: unknown): value is WireEntry {
  if (!isObject(value) || typeof value['timestamp'] !== 'string' || !isMessage(value['message'])) return false;
  const { costUSD, requestId, isSidechain } = value;
  if (!isMissing(isSidechain) && typeof isSidechain !== 'boolean') return false;
  return (isMissing(costUSD) || Number.isFinite(costUSD)) && isName(requestId);
}

function isMessage(value: unknown): value is WireEntry['message'] {
  return isObject(value) && isName(value['id']) && isName(value['model']) && isUsage(value['usage']);
}

function isUsage(value: unknown): value is WireUsage {
  if (!isObject(value) || !isCount(value['input_tokens']) || !isCount(value['output_tokens'])) return false;
  const { cache_creation_input_tokens: written, cache_read_input_tokens: read, cache_creation: split, speed } = value;
  if (!(isMissing(written) || isCount(written)) || !(isMissing(read) || isCount(read))) return false;
  if (!isMissing(split) && !isSplit(split)) return false;
  return isMissing(speed) || speed === 'standard' || speed === 'fast';
}

function isSplit(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } = value;
  return (short === undefined || isCount(short)) && (long === undefined || isCount(long));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMissing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether something is a text that says something, or left out. */
function isName(value: unknown): boolean {
  return isMissing(value) || (typeof value === 'string' && value !== '');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
