import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** How a {@link ConnectProxy} behaves. */
export interface ConnectProxyOptions {
  /** The port of this machine that every name leads to: so a test's upstream has a name that only the proxy knows. */
  readonly upstreamPort: number;
  /** `user:password` that is wanted; none when absent. */
  readonly login?: string;
  /** With these the proxy is spoken to over TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The status that every tunnel is refused with; 0: no answer at all. */
  readonly refusesWith?: number;
}

/** An HTTP proxy on 127.0.0.1 that makes tunnels (CONNECT) and nothing else. */
export interface ConnectProxy {
  readonly port: number;
  /** Host and port of every tunnel that was asked for, refused ones included. */
  readonly asked: readonly string[];
  /** How many tunnels there are now. */
  readonly open: number;
  /** Passes on nothing more in either direction and closes nothing, like a peer that has vanished. */
  readonly freeze: () => void;
  close(): Promise<void>;
}

export async function startConnectProxy(options: ConnectProxyOptions): Promise<ConnectProxy> {
  const asked: string[] = [];
  const tunnels = new Set<Tunnel>();
  const clients = new Set<Socket>();
  const server: Server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  server.on('connection', (socket: Socket) => {
    clients.add(socket.on('close', () => clients.delete(socket)));
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    client.on('error', () => undefined);
    asked.push(request.url ?? '');
    const refusal = refusalOf(request, options);
    if (refusal === 0) return;
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal} Refused\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(options.upstreamPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    const tunnel = { client, upstream };
    tunnels.add(tunnel);
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => tunnels.delete(tunnel));
    client.on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    get open() {
      return tunnels.size;
    },
    freeze: () => {
      for (const { client, upstream } of tunnels) {
        for (const end of [client, upstream]) end.unpipe().pause();
      }
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const { upstream } of tunnels) upstream.destroy();
      for (const socket of clients) socket.destroy();
      await closed;
    },
  };
}

interface Tunnel {
  readonly client: Socket;
  readonly upstream: Socket;
}

function refusalOf({ headers }: IncomingMessage, { login, refusesWith }: ConnectProxyOptions): number | undefined {
  if (login !== undefined && headers['proxy-authorization'] !== `Basic ${btoa(login)}`) return 407;
  return refusesWith;
}
