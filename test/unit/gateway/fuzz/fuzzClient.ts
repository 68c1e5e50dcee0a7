import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FuzzAttempt } from './fuzzAttempt.ts';

/** What a client got for its trouble. */
export interface FuzzOutcome {
  readonly received: string;
  /** Status codes of the answers, interim ones left out. */
  readonly statuses: readonly number[];
  /** Whether the gateway left the connection open, or answers out, until this side lost its patience. */
  readonly hung: boolean;
}

/** Only a gateway that hangs lets it pass. */
const patienceMs = 30_000;
/** How long a client that expects no certain number of answers waits for any, before it ends its side. */
const curiosityMs = 30;

/**
 * Makes one attempt, and waits until the connection is closed.
 * @param answers how many the client waits for before it ends its side; undefined when nobody can say.
 */
export function makeAttempt(attempt: FuzzAttempt, port: number, answers: number | undefined): Promise<FuzzOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received = '';
    let hung = false;
    let curiosity: NodeJS.Timeout | undefined;
    const patience = setTimeout(() => {
      hung = true;
      socket.destroy();
    }, patienceMs);
    const statuses = (): number[] =>
      [...received.matchAll(/HTTP\/1\.1 ([2-5]\d\d)/g)].map(([, status]) => Number(status));
    const endWhenAnswered = (): void => {
      if (answers !== undefined && statuses().length >= answers) socket.end();
    };
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (attempt.ending === 'stay') endWhenAnswered();
    });
    socket.on('close', () => {
      clearTimeout(patience);
      clearTimeout(curiosity);
      resolve({ received, statuses: statuses(), hung });
    });
    socket.on('connect', () => {
      void write(socket, attempt).then(() => {
        if (attempt.ending === 'reset') socket.resetAndDestroy();
        else if (attempt.ending === 'halfClose') socket.end();
        else if (answers === undefined) curiosity = setTimeout(() => socket.end(), curiosityMs);
        else endWhenAnswered();
      });
    });
  });
}

async function write(socket: ReturnType<typeof connect>, { pieces }: FuzzAttempt): Promise<void> {
  for (const piece of pieces) {
    if (!socket.writable) return;
    socket.write(piece);
    // Two turns of the one loop that client, gateway and upstream share: each piece is read by itself.
    await nextTurn();
    await nextTurn();
  }
}
