import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** Sends bytes as they are and returns what comes back until the server ends the connection. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const received = collect(socket);
  await once(socket, 'connect');
  socket.write(text, 'latin1');
  await once(socket, 'close');
  return received();
}

/** Gathers what a socket receives. */
export function collect(socket: Socket): () => string {
  let text = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  return () => text;
}
