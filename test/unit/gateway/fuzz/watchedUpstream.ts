import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the upstream got it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly trailers: readonly string[];
  body: Buffer;
  /** `open` while its body comes; `cut` when its connection was lost before its end. */
  state: 'open' | 'whole' | 'cut';
}

/** An upstream that keeps all that reaches it, and whose answers hold the key that they should not. */
export interface WatchedUpstream {
  readonly url: string;
  /** Taken out by who looks at them. */
  readonly seen: SeenRequest[];
  /** What came that is not HTTP. */
  readonly garbage: string[];
  close(): Promise<void>;
}

export async function startWatchedUpstream(): Promise<WatchedUpstream> {
  const seen: SeenRequest[] = [];
  const garbage: string[] = [];
  let answers = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    const entry: SeenRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      trailers: request.rawTrailers,
      body: Buffer.alloc(0),
      state: 'open',
    };
    seen.push(entry);
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      entry.body = Buffer.concat(chunks);
    });
    request.on('end', () => {
      entry.state = 'whole';
      answer(request, response, (answers += 1));
    });
    request.on('close', () => {
      if (entry.state === 'open') entry.state = 'cut';
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A connection that is lost in the middle of a request is what the gateway does when its client has gone.
    if (error.code !== 'ECONNRESET' && error.code !== 'HPE_INVALID_EOF_STATE') garbage.push(String(error));
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    garbage,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, number: number): void {
  const key = String(request.headers['x-api-key'] ?? request.headers.authorization?.replace('Bearer ', ''));
  const reason = number % 7 === 0 ? `Fine ${key}` : 'Fine';
  const leaks = ['X-Key', key, 'Set-Cookie', `key=${key}`, `X-${key}`, '1'];
  const cors = ['Access-Control-Allow-Origin', '*', 'access-control-allow-headers', 'x-api-key'];
  const status = number % 11 === 0 ? 429 : 200;
  if (number % 3 === 0) {
    response.writeHead(status, reason, [...leaks, ...cors, 'Content-Type', 'text/event-stream']);
    response.end('event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":1}}}\n\n');
    return;
  }
  const body = '{"model":"claude-x","usage":{"input_tokens":1,"output_tokens":1}}';
  response.writeHead(status, reason, [
    ...leaks,
    ...cors,
    ...['Content-Type', 'application/json', 'Content-Length', String(body.length)],
  ]);
  response.end(body);
}
