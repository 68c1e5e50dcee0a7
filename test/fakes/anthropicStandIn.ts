import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { standInCa, standInCertificate, standInKey } from './anthropicCertificate.ts';
import type { SimulatedUpstream } from './simulatedUpstream.ts';

/** A place where programs of this machine find a simulated upstream under the name api.anthropic.com. */
export interface AnthropicStandIn {
  /** For a program that shall find it: the proxy that leads there, and the CA that vouches for it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Other addresses that the proxy was asked for, and led nowhere. */
  readonly strangers: readonly string[];
  close(): Promise<void>;
}

/** Programs that are pointed at an address of their own behave otherwise than at Anthropic's; here they need no such address. */
export async function startAnthropicStandIn(upstream: SimulatedUpstream): Promise<AnthropicStandIn> {
  const upstreamPort = Number(new URL(upstream.origin).port);
  const strangers: string[] = [];
  const open = new Set<Duplex>();
  const track = (socket: Duplex): void => {
    open.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
  };
  const anthropic = createTlsServer({ key: standInKey, cert: standInCertificate }, (socket) => {
    const onward = connect(upstreamPort, '127.0.0.1');
    for (const end of [socket, onward]) track(end);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  const proxy = createServer((request, response) => {
    strangers.push(request.url ?? '');
    response.writeHead(502).end();
  });
  proxy.on('connect', (request, socket: Duplex) => {
    track(socket);
    if (request.url !== 'api.anthropic.com:443') {
      strangers.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    anthropic.emit('connection', socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const directory = await mkdtemp(path.join(tmpdir(), 'aq-ca-'));
  const caFile = path.join(directory, 'ca.pem');
  await writeFile(caFile, standInCa);
  return {
    environment: {
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NODE_EXTRA_CA_CERTS: caFile,
    },
    strangers,
    close: async () => {
      for (const socket of open) socket.destroy();
      proxy.closeAllConnections();
      proxy.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
