import { once } from 'node:events';
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What each request for a message is given. */
export interface GivenAnswer {
  /** How long nothing is answered, in milliseconds. */
  readonly holdMs: number;
  /** What is answered then, in the API's shape; undefined for a message. */
  readonly refusal?: {
    readonly status: number;
    readonly type: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** One request for a message, in milliseconds since the first of its case. */
export interface HeldRequest {
  readonly at: number;
  /** When the client closed the connection before it had an answer; undefined where it did not. */
  givenUpAt?: number;
}

/** One client's own part of the server. */
export interface HoldingCase {
  readonly baseUrl: string;
  readonly requests: readonly HeldRequest[];
  /** Milliseconds since its first request; 0 before it. */
  elapsed(): number;
  /** Resolves when so many requests have come. */
  reached(count: number): Promise<void>;
}

/** The message of each refusal, by which it is found in what a client says. */
export const refusalText = 'The message of the answer.';

export interface HoldingServer {
  begin(given: GivenAnswer): HoldingCase;
  close(): Promise<void>;
}

/** Starts a server that holds requests for messages, and leads all else, and them after that, to an upstream. */
export async function startHoldingServer(upstream: string): Promise<HoldingServer> {
  const cases: ((request: IncomingMessage, response: ServerResponse, path: string, body: Buffer) => void)[] = [];
  const server = createServer((request, response) => {
    const [, index = '', path = '/'] = /^\/case-(\d+)(\/.*)?$/.exec(request.url ?? '') ?? [];
    const own = cases[Number(index)];
    const isMessage = request.method === 'POST' && /^\/v1\/messages(?:\?|$)/.test(path);
    void buffer(request).then((body) => {
      if (own !== undefined && isMessage) own(request, response, path, body);
      else lead(upstream + path, request, response, body);
    });
  });
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const begin = ({ holdMs, refusal }: GivenAnswer): HoldingCase => {
    let begun: number | undefined;
    const requests: HeldRequest[] = [];
    const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
    const baseUrl = `${url}/case-${cases.length}`;
    cases.push((request, response, path, body) => {
      const first = (begun ??= performance.now());
      const held: HeldRequest = { at: performance.now() - first };
      requests.push(held);
      for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
      response.on('close', () => {
        if (!response.headersSent) held.givenUpAt = performance.now() - first;
      });
      void sleep(holdMs, undefined, { ref: false }).then(() => {
        if (response.destroyed) return;
        if (refusal === undefined) lead(upstream + path, request, response, body);
        else {
          response.writeHead(refusal.status, { 'content-type': 'application/json', ...refusal.headers });
          response.end(JSON.stringify({ type: 'error', error: { type: refusal.type, message: refusalText } }));
        }
      });
    });
    return {
      baseUrl,
      requests,
      elapsed: () => (begun === undefined ? 0 : performance.now() - begun),
      reached: (count) =>
        new Promise((resolve) => {
          waiting.push({ count, resolve });
        }),
    };
  };
  return {
    begin,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends a request on as it is, and its answer back. */
function lead(url: string, { method, headers }: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const onward = send(url, { method, headers: { ...headers, host: new URL(url).host } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  onward.end(body);
}
