import type { ImportOptions, ImportProgress, ImportSummary } from './importTranscripts.ts';
import type { UsagePart, UsageQuestion } from './transcriptUsage.ts';

/** What the thread is started with. */
export interface TranscriptTask {
  /** The file that what was read is kept in. */
  readonly path: string;
  /** Of `transcriptReader.ts`, which is loaded when there is something to read. */
  readonly readerScript: string;
}

/** What the transcripts' thread does for the engine. Every argument and result can be cloned. */
export interface TranscriptFunctions {
  /** Brings what is kept up to date. @returns undefined when it was given up. */
  update(options: Pick<ImportOptions, 'configDirectories'>): Promise<ImportSummary | undefined>;
  /** Ends an update under way; what it has read stays. */
  giveUp(): void;
  usage(question: UsageQuestion): Promise<UsagePart[]>;
  close(): Promise<void>;
}

/** What the thread says by itself. */
export interface TranscriptEvents {
  readonly progress: (progress: ImportProgress) => void;
}
