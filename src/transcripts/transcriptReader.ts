/** Reads transcripts: for the thread of `TranscriptHistory`, when there is something to read, and in threads of its own. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import { readFile } from './fileReading.ts';
import { type ReaderFunctions, readerTask } from './readerFunctions.ts';

export { readFile };

const port = parentPort;
if (!isMainThread && workerData === readerTask && port !== null) {
  const functions: ReaderFunctions = { read: (path, before) => Promise.resolve(readFile(path, before)) };
  createBirpc<object, ReaderFunctions>(functions, {
    post: (message) => {
      port.postMessage(message);
    },
    on: (receive) => {
      port.on('message', receive);
    },
    timeout: -1,
  });
}
