/** The thread of `TranscriptHistory`: reads all transcripts and answers what they say was used. */
import { parentPort, workerData } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import { importTranscripts } from './importTranscripts.ts';
import { KeptTranscripts } from './keptTranscripts.ts';
import type { TranscriptEvents, TranscriptFunctions, TranscriptTask } from './transcriptFunctions.ts';
import { transcriptReaders } from './transcriptReaders.ts';
import { usageParts } from './transcriptUsage.ts';

const { path, readerScript } = workerData as TranscriptTask;
const port = parentPort;
if (port === null) throw new Error('This runs in a thread of its own.');
const kept = new KeptTranscripts(path);
let update: AbortController | undefined;
/** One thing at a time: they share a connection. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  const turn = last.then(work);
  last = turn.catch(() => undefined);
  return turn;
}

const functions: TranscriptFunctions = {
  update: (options) =>
    inTurn(async () => {
      const giveUp = (update = new AbortController());
      const progress: TranscriptEvents['progress'] = (state) => void rpc.progress.asEvent(state);
      const all = { ...options, progress, signal: giveUp.signal };
      try {
        return await kept.use((store) =>
          importTranscripts(store, (bytes) => transcriptReaders(readerScript, bytes), all),
        );
      } catch (error) {
        if (giveUp.signal.aborted) return undefined;
        throw error;
      }
    }),
  giveUp: () => {
    update?.abort();
  },
  usage: (question) => inTurn(() => kept.use((store) => usageParts(store, question))),
  close: () => {
    update?.abort();
    return inTurn(() => {
      kept.close();
      setImmediate(() => {
        port.close();
      });
    });
  },
};

const rpc = createBirpc<TranscriptEvents, TranscriptFunctions>(functions, {
  post: (message) => {
    port.postMessage(message);
  },
  on: (receive) => {
    port.on('message', receive);
  },
  timeout: -1,
  eventNames: ['progress'],
});
