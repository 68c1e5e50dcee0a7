import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { openTranscriptDatabase } from '../../src/transcripts/openTranscriptDatabase.ts';
import { importTranscripts } from '../../src/transcripts/importTranscripts.ts';
import type { Counting } from '../../src/transcripts/keptEntries.ts';
import { transcriptReaders } from '../../src/transcripts/transcriptReaders.ts';
import { TranscriptStore } from '../../src/transcripts/transcriptStore.ts';
import { totalsBy, type UsagePart, usageParts, type UsageTotal } from '../../src/transcripts/transcriptUsage.ts';
import { ccusageReport } from './ccusage.ts';

const tokens = {
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheCreationTokens: z.number(),
  cacheReadTokens: z.number(),
};
const model = z.object({ modelName: z.string(), ...tokens });
const day = z.object({ date: z.string(), ...tokens, modelBreakdowns: z.array(model) });
const dailySchema = z.object({ daily: z.array(day) });
const projectsSchema = z.object({ projects: z.record(z.string(), z.array(day)).default({}) });
const session = z.object({ sessionId: z.string(), projectPath: z.string(), ...tokens });
const sessionsSchema = z.object({ sessions: z.array(session) });

const reader = fileURLToPath(import.meta.resolve('../../src/transcripts/transcriptReader.ts'));

/** Counts by what they are of: `input/output/cache writes/cache reads`. */
export type Counts = Readonly<Record<string, string>>;

type Tokens = z.infer<z.ZodObject<typeof tokens>>;

/** A store that has what is below a configuration directory. @param file to keep it in. */
export async function importedStore(configDirectory: string, file: string): Promise<TranscriptStore> {
  const store = new TranscriptStore(await openTranscriptDatabase(file));
  await importInto(store, configDirectory);
  return store;
}

/** Brings a store up to date with what is below a configuration directory. */
export async function importInto(store: TranscriptStore, configDirectory: string): Promise<void> {
  const options = { configDirectories: [configDirectory] };
  await importTranscripts(store, (bytes) => transcriptReaders(reader, bytes), options);
}

export async function ccusagesCounts(configDirectory: string, timeZone: string): Promise<Counts> {
  const [{ daily }, { projects }, { sessions }] = await Promise.all([
    ccusageReport(dailySchema, 'daily', configDirectory, timeZone),
    ccusageReport(projectsSchema, 'daily --instances', configDirectory, timeZone),
    ccusageReport(sessionsSchema, 'session', configDirectory, timeZone),
  ]);
  const counts: [string, Tokens][] = [];
  for (const day of daily) {
    counts.push([`day ${day.date}`, day]);
    for (const model of day.modelBreakdowns) counts.push([`day ${day.date} ${model.modelName}`, model]);
  }
  for (const [project, days] of Object.entries(projects))
    for (const day of days) counts.push([`project ${project} ${day.date}`, day]);
  for (const one of sessions) counts.push([`session ${one.projectPath} ${one.sessionId}`, one]);
  return inWords(counts);
}

export function ourCounts(store: TranscriptStore, timeZone: string): Counts {
  const parts = (counting: Counting): UsagePart[] => usageParts(store, { counting, timeZone });
  const daily = parts('daily');
  const named = daily.filter(({ model }) => model !== undefined);
  const modelOf = ({ model = '', isFast }: UsagePart): string => model + (isFast ? '-fast' : '');
  return inWords([
    ...tokensBy(daily, ({ day }) => `day ${day}`),
    ...tokensBy(named, (part) => `day ${part.day} ${modelOf(part)}`),
    ...tokensBy(daily, ({ day, project }) => `project ${project} ${day}`),
    ...tokensBy(parts('session'), ({ projectPath, sessionId }) => `session ${projectPath} ${sessionId}`),
  ]);
}

function tokensBy(parts: readonly UsagePart[], keyOf: (part: UsagePart) => string): [string, Tokens][] {
  return [...totalsBy(parts, keyOf)].map(([key, total]) => [key, tokensOf(total)]);
}

function tokensOf({ usage }: UsageTotal): Tokens {
  return {
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cacheCreationTokens: usage.cacheCreation5mTokens + usage.cacheCreation1hTokens,
    cacheReadTokens: usage.cacheReadTokens,
  };
}

/** A session without tokens is in no report of ccusage's. */
function inWords(counts: readonly [string, Tokens][]): Counts {
  return Object.fromEntries(
    counts
      .map(([key, { inputTokens, outputTokens, cacheCreationTokens, cacheReadTokens }]): [string, number[]] => [
        key,
        [inputTokens, outputTokens, cacheCreationTokens, cacheReadTokens],
      ])
      .filter(([key, tokens]) => !key.startsWith('session') || tokens.some((count) => count > 0))
      .map(([key, tokens]) => [key, tokens.join('/')]),
  );
}
