import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** An engine's sockets, by way of others that write down every byte. */
export interface RecordedSockets {
  /** In place of the engine's own socket for launchers. */
  readonly address: string;
  /** What was said to the engine and by it, as latin1. */
  heard(): string;
  close(): Promise<void>;
}

/**
 * @param address the engine's socket for launchers. @param observerUrl where its agents report; launchers are told of
 * another port, which is recorded too.
 */
export async function recordSockets(address: string, observerUrl: string): Promise<RecordedSockets> {
  const directory = await mkdtemp(path.join(tmpdir(), 'aq tap '));
  const { port } = new URL(observerUrl);
  const chunks: Buffer[] = [];
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.on('error', () => undefined).on('close', () => open.delete(socket));
  };
  const between = (target: () => Socket, toClient: (chunk: Buffer) => Buffer): Server =>
    createServer((client) => {
      const engine = keep(target());
      keep(client).on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        engine.write(chunk);
      });
      engine.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        client.write(toClient(chunk));
      });
      client.on('close', () => engine.destroy());
      engine.on('close', () => client.destroy());
    });
  const reports = between(
    () => connect(Number(port), '127.0.0.1'),
    (chunk) => chunk,
  ).listen(0, '127.0.0.1');
  await once(reports, 'listening');
  const told = reports.address();
  if (told === null || typeof told === 'string') throw new Error('The listener has no port.');
  const launchers = between(
    () => connect(address),
    (chunk) =>
      Buffer.from(chunk.toString('latin1').replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${told.port}`), 'latin1'),
  ).listen(path.join(directory, 'socket'));
  await once(launchers, 'listening');
  return {
    address: path.join(directory, 'socket'),
    heard: () => Buffer.concat(chunks).toString('latin1'),
    close: async () => {
      for (const socket of open) socket.destroy();
      for (const server of [reports, launchers]) server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
