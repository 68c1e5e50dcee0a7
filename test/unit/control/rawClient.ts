import { connect, type Socket } from 'node:net';
import { launcherProtocolVersion } from '../../../src/shared/launcherLines.ts';

/** A client of the control socket that says whatever a test wants. */
export interface RawClient {
  readonly socket: Socket;
  send(...messages: readonly object[]): void;
  /** The next message; undefined when the connection is closed. */
  next(): Promise<Record<string, unknown> | undefined>;
  readonly closed: Promise<void>;
}

export async function connectRaw(address: string): Promise<RawClient> {
  const socket = connect(address);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  socket.setEncoding('utf8');
  let text = '';
  let isClosed = false;
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true;
      wake();
      resolve();
    });
  });
  return {
    socket,
    closed,
    send(...messages) {
      socket.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    },
    async next() {
      for (;;) {
        const end = text.indexOf('\n');
        if (end !== -1) {
          const message = JSON.parse(text.slice(0, end)) as Record<string, unknown>;
          text = text.slice(end + 1);
          return message;
        }
        if (isClosed) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

export function hello(changes: object = {}): object {
  return { type: 'hello', version: launcherProtocolVersion, secret: 'the secret', pid: 4711, ...changes };
}
