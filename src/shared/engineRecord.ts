// The mini flavour: the launcher loads it.
import * as z from 'zod/mini';
import { launcherProtocolVersion } from './launcherLines.ts';

/**
 * Ends the name of a file that says of one engine where it is, in the directory of the control sockets. Every window
 * writes there, so what is read may be another version's.
 */
export const recordSuffix = '.json';

const recordSchema = z.object({
  /** Path of the engine's socket, or name of its pipe. */
  address: z.string().check(z.minLength(1), z.maxLength(500)),
  /** The process that the engine lives in, and when that started where it is known. */
  pid: z.int().check(z.positive()),
  startMark: z.optional(z.string()),
  /** Of the messages that it understands. */
  version: z.int(),
  /** When it closed in good order, as it does when its window reloads: milliseconds since the epoch. */
  leftAt: z.optional(z.number()),
});
export type EngineRecord = z.infer<typeof recordSchema>;

/** @returns undefined for what is no record. */
export function readEngineRecord(text: string): EngineRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return z.safeParse(recordSchema, value).data;
}

/**
 * How long after an engine has closed its window may be about to open the next one, in milliseconds. A window takes a few
 * seconds to reload; whether it does, or has closed for good, nobody knows before.
 */
const mayComeBackMs = 10_000;

/** Whether the engine has closed just now, so that its window may only reload. */
export function mayComeBack({ leftAt }: EngineRecord, now: number): boolean {
  return leftAt !== undefined && leftAt <= now && now - leftAt < mayComeBackMs;
}

/** Whether launchers of this version can speak to that engine. */
export function isUnderstood({ version }: EngineRecord): boolean {
  return version === launcherProtocolVersion;
}
