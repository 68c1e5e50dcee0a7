import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { driverRequests, type DriverRequestKind, type ParsedDriverRequest, type Phase } from './driverProtocol.ts';

/** Answers the driver's requests; what a handler returns or resolves to is sent as JSON, what it throws is the caller's. */
export type DriverHandlers = {
  readonly [K in DriverRequestKind]: (request: ParsedDriverRequest<K>) => unknown;
};

/** What {@link startDriver} needs to know. */
export interface DriverOptions {
  readonly handlers: DriverHandlers;
  readonly phase: () => Phase;
  /** Called when an extension host connects; what it returns is called when the connection has ended. */
  readonly onLifeline: () => () => void;
}

/** The server in the runner that acts for tests inside the extension host. */
export interface DriverServer {
  /** Holds a secret: other programs of this machine cannot use the driver. */
  readonly url: string;
  stop(): Promise<void>;
}

const maxBodyBytes = 4 * 1024 * 1024;

/** Starts the host driver on a free loopback port. */
export async function startDriver(options: DriverOptions): Promise<DriverServer> {
  const root = `/${randomBytes(16).toString('hex')}/`;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (!path.startsWith(root)) {
      respond(response, 404, undefined);
      return;
    }
    void answer(options, path.slice(root.length), request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${root.slice(0, -1)}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  options: DriverOptions,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (path === 'phase') respond(response, 200, options.phase());
    else if (path === 'lifeline') {
      response.on('close', options.onLifeline());
      response.writeHead(200).flushHeaders();
    } else if (isRequestKind(path)) {
      respond(response, 200, await handle(options.handlers, path, await readJson(request)));
    } else respond(response, 404, undefined);
  } catch (error) {
    respond(response, 500, error instanceof Error ? error.message : String(error));
  }
}

function handle(handlers: DriverHandlers, kind: DriverRequestKind, body: unknown): unknown {
  // A kind's schema and its handler belong together, which TypeScript cannot follow through a lookup by name.
  const handler = handlers[kind] as (request: unknown) => unknown;
  return handler(driverRequests[kind].parse(body));
}

function isRequestKind(path: string): path is DriverRequestKind {
  return Object.hasOwn(driverRequests, path);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error(`The request is larger than ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function respond(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(value === undefined ? '' : status === 200 ? JSON.stringify(value) : value);
}
