import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const script = `
const { DatabaseSync } = require('node:sqlite');
const { parentPort, workerData } = require('node:worker_threads');
const database = new DatabaseSync(workerData.path);
database.exec('BEGIN EXCLUSIVE');
parentPort.postMessage('locked');
setTimeout(() => {
  database.exec('COMMIT');
  database.close();
}, workerData.ms);
`;

/** Keeps a database to itself from another thread, for so long. @returns resolves when the lock is held. */
export async function holdLock(path: string, ms: number): Promise<{ readonly released: Promise<unknown> }> {
  const worker = new Worker(script, { eval: true, workerData: { path, ms } });
  const released = once(worker, 'exit');
  await once(worker, 'message');
  return { released };
}
