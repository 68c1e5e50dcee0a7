import type { BatchedMessage } from './admission.ts';
import { modelOfBatch } from './batchUsage.ts';
import type { UsageEntry } from './ledger.ts';
import type { BookParts } from './reservationBooks.ts';

/** Messages in one write: others wait for it. */
const atOnce = 50;

/** Books what messages of a batch have used, each once, and tells of those that are new. */
export async function bookBatch(
  sessionId: string,
  messages: readonly BatchedMessage[],
  { ledger, clock, writes, signals, terms }: BookParts,
): Promise<void> {
  for (let from = 0; from < messages.length; from += atOnce) {
    const entries = messages.slice(from, from + atOnce).map(entryOfBatched);
    const booked = await writes.write('book what a batch used', () =>
      ledger.bookBeside(sessionId, entries, terms(), clock.now()),
    );
    for (const entry of booked) signals.booked.tell(sessionId, entry);
  }
}

/** A message's own id is the same whenever results are read. */
function entryOfBatched({ messageId, model, usage }: BatchedMessage): UsageEntry {
  return { usage, requestId: `batch/${messageId}`, model: model === undefined ? undefined : modelOfBatch(model) };
}
