import type { FileReading } from './fileReading.ts';
import type { TranscriptPosition } from './transcriptPosition.ts';

/** What a thread that only reads is started with. */
export const readerTask = 'read transcripts';

/** What such a thread does. */
export interface ReaderFunctions {
  read(path: string, before: TranscriptPosition | undefined): Promise<FileReading | undefined>;
}
