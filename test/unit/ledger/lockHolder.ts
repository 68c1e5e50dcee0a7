import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const script = `
const { DatabaseSync } = require('node:sqlite');
const { parentPort, workerData } = require('node:worker_threads');
const database = new DatabaseSync(workerData.path);
database.exec('BEGIN EXCLUSIVE');
parentPort.postMessage('locked');
parentPort.once('message', () => {
  database.exec('COMMIT');
  database.close();
});
`;

/** Keeps a database to itself from another thread. @returns what lets go of it, when the lock is held. */
export async function holdLock(path: string): Promise<() => Promise<void>> {
  const worker = new Worker(script, { eval: true, workerData: { path } });
  const over = once(worker, 'exit');
  await once(worker, 'message');
  return async () => {
    worker.postMessage('let go');
    await over;
  };
}
