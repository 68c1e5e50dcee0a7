import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as z from 'zod';

/** Where a load sends its requests; its connections take turns among the keys. */
export const routeSchema = z.object({
  kind: z.literal('route'),
  /** Without a slash at its end. */
  baseUrl: z.string(),
  keys: z.array(z.string()),
});
export type Route = z.infer<typeof routeSchema>;

/** What a process has used since its start. */
export const useSchema = z.object({
  kind: z.literal('use'),
  /** Of all its threads. */
  cpuMs: z.number(),
  residentBytes: z.number(),
});
export type ProcessUse = z.infer<typeof useSchema>;

/** A load to be put on a route; it begins with the next message. */
export const loadTaskSchema = z.object({
  kind: z.literal('load'),
  route: routeSchema,
  /** Sent beside those of a Claude Code; alternating names and values. */
  headers: z.array(z.string()),
  body: z.enum(['large', 'small']),
  stream: z.boolean(),
  connections: z.number(),
  durationMs: z.number(),
});
export type LoadTask = z.infer<typeof loadTaskSchema>;

/** The load's connections are open and have each been used once. */
export const readySchema = z.object({ kind: z.literal('ready'), answered: z.number() });

/** What a gateway has metered of its sessions' requests so far, in tokens. */
export const meteredSchema = z.object({ kind: z.literal('metered'), outputTokens: z.number() });

const latenciesSchema = z.object({ count: z.number(), p50: z.number(), p99: z.number(), worst: z.number() });

/** What a load has found. Times are in milliseconds. */
export const loadResultSchema = z.object({
  kind: z.literal('result'),
  /** From the first request to the last answer. */
  elapsedMs: z.number(),
  /** Answers that were whole and as they should be. */
  answered: z.number(),
  /** Those that were not, and why the first of them was not. */
  failed: z.number(),
  failure: z.string().optional(),
  whole: latenciesSchema,
  /** Until the first bytes of the body. */
  first: latenciesSchema,
});
export type LoadResult = z.infer<typeof loadResultSchema>;

/** The next message of a process. @throws Error when the process ends in its place. */
export async function nextMessage<T>(child: ChildProcess, schema: z.ZodType<T>): Promise<T> {
  const stop = new AbortController();
  const ended = once(child, 'exit', { signal: stop.signal }).then(([code]) => {
    throw new Error(`A process of the benchmark ended early (${String(code)}).`);
  });
  try {
    const messages: unknown[] = await Promise.race([once(child, 'message', { signal: stop.signal }), ended]);
    return schema.parse(messages[0]);
  } finally {
    ended.catch(() => undefined);
    stop.abort();
  }
}
