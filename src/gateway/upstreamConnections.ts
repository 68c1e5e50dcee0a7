import * as tls from 'node:tls';
import type { Dispatcher } from 'undici';
import connect from 'undici/lib/api/api-connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { UpstreamNetwork, UpstreamProxy } from '../core/upstreamNetwork.ts';
import { ProxyFailureError } from './proxyFailure.ts';
import type { UpstreamAddress } from './upstreamTarget.ts';

/** The connections to the upstream, kept alive between requests. */
export interface UpstreamConnections {
  /** Upstreams on this machine are reached directly, whatever the proxy settings say. */
  dispatcherFor(address: Pick<UpstreamAddress, 'origin' | 'loopback'>): Dispatcher;
  /** Ends all connections at once, also those in use. */
  destroy(): Promise<void>;
}

export interface UpstreamConnectionsOptions {
  /** Certificates (PEM) that are trusted beside Node's own and the system's. */
  readonly certificates?: readonly string[];
  readonly patience?: Partial<Patience>;
}

/** How long is waited, in milliseconds. */
interface Patience {
  /** For a connection, its TLS, and a proxy's answer, each. */
  readonly connectMs: number;
  /** For an answer's begin. */
  readonly answerMs: number;
  /** For more of an answer that has begun. */
  readonly silenceMs: number;
}

const usualPatience: Patience = {
  connectMs: 10_000,
  // Clients have less (Claude Code 600 s), and say so: see `answerPatience`.
  answerMs: 15 * 60_000,
  // Claude Code gives up a stream after 300 s of silence; a stream that is alive has a ping event now and then.
  silenceMs: 280_000,
};

/**
 * A peer that has vanished without a word (a laptop that slept, a VPN that went) answers no TCP keep-alive: after so
 * long they begin, one a second, and ten without an answer end the connection. Source: libuv documentation,
 * uv_tcp_keepalive. Without, it would take quarter of an hour.
 */
const keepAliveMs = 15_000;

const shared = { keepAliveTimeout: 30_000, maxHeaderSize: 64 * 1024, allowH2: false, pipelining: 1 } as const;

/**
 * Nothing is connected, and no certificate read, before the first request.
 * @param network how the upstream is reached now. Requests that are under way when it changes finish as they began.
 */
export function createUpstreamConnections(
  network: () => UpstreamNetwork,
  options: UpstreamConnectionsOptions = {},
): UpstreamConnections {
  const patience = { ...usualPatience, ...options.patience };
  const made = new Map<string, Way>();
  const retired = new Set<Way>();
  let followed: UpstreamNetwork | undefined;
  const follow = (current: UpstreamNetwork): void => {
    if (current === followed) return;
    followed = current;
    for (const way of made.values()) {
      retired.add(way);
      void way.dispatcher.close().finally(() => retired.delete(way));
    }
    made.clear();
  };
  const once = (name: string, make: (factory: PoolFactory) => Dispatcher): Dispatcher => {
    const way = made.get(name) ?? createWay(make);
    made.set(name, way);
    return way.dispatcher;
  };
  return {
    dispatcherFor: ({ origin, loopback }) => {
      const current = network();
      follow(current);
      if (!origin.startsWith('https:')) return once('plain', (factory) => direct(factory, patience, {}));
      const secure = (): Trust => trust(options.certificates, current.verifiesCertificates);
      const { proxy, noProxy } = current;
      if (loopback || proxy === undefined) return once('secure', (factory) => direct(factory, patience, secure()));
      return once('proxied', (factory) => throughProxy({ proxy, noProxy }, factory, patience, secure()));
    },
    destroy: async () => {
      await Promise.all(
        [...made.values(), ...retired].flatMap(({ dispatcher, pools }) =>
          [dispatcher, ...pools].map((each) => each.destroy()),
        ),
      );
    },
  };
}

/** A dispatcher and its pools, which it forgets as soon as it closes, although requests may still run in them. */
interface Way {
  readonly dispatcher: Dispatcher;
  readonly pools: ReadonlySet<Dispatcher>;
}

type PoolFactory = (origin: string | URL, options: object) => Dispatcher;

function createWay(make: (factory: PoolFactory) => Dispatcher): Way {
  const pools = new Set<InstanceType<typeof Pool>>();
  const dispatcher = make((origin, options) => {
    for (const pool of pools) if (pool.closed) pools.delete(pool);
    const pool = new Pool(origin, options);
    pools.add(pool);
    return pool;
  });
  return { dispatcher, pools };
}

function direct(factory: PoolFactory, patience: Patience, trusted: Trust): Dispatcher {
  return new Agent({ ...answering(patience), factory, connect: connecting(patience, trusted) });
}

function throughProxy(
  { proxy, noProxy }: { readonly proxy: UpstreamProxy; readonly noProxy: readonly string[] },
  factory: PoolFactory,
  patience: Patience,
  trusted: Trust,
): Dispatcher {
  const secure = connecting(patience, trusted);
  return new EnvHttpProxyAgent({
    ...answering(patience),
    factory,
    connect: secure,
    requestTls: secure,
    proxyTls: secure,
    // Empty values keep undici from looking at the process's own environment. Only https leaves this machine.
    httpProxy: '',
    httpsProxy: proxy.url,
    noProxy: noProxy.join(','),
    ...(proxy.authorization !== undefined && { token: proxy.authorization }),
    clientFactory: (origin, options) => tunnels(factory, origin, options, patience),
  });
}

/** The connections to the proxy itself, whose failures are told apart from the upstream's. */
function tunnels(factory: PoolFactory, origin: URL, options: object, { connectMs }: Patience): Dispatcher {
  const pool = factory(origin, { ...options, headersTimeout: 2 * connectMs });
  const tunnel = async (wanted: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData<unknown>> => {
    let data: Dispatcher.ConnectData<unknown>;
    try {
      data = await connect.call(pool, wanted);
    } catch (cause) {
      throw new ProxyFailureError(origin.host, { cause });
    }
    if (data.statusCode === 200) return data;
    data.socket.on('error', () => undefined).destroy();
    throw new ProxyFailureError(origin.host, { status: data.statusCode });
  };
  return Object.assign(pool, { connect: tunnel });
}

function answering({ answerMs, silenceMs }: Patience): typeof shared & { headersTimeout: number; bodyTimeout: number } {
  return { ...shared, headersTimeout: answerMs, bodyTimeout: silenceMs };
}

function connecting<T extends Trust>({ connectMs }: Patience, trusted: T) {
  return { timeout: connectMs, keepAliveInitialDelay: keepAliveMs, ...trusted };
}

interface Trust {
  readonly secureContext?: tls.SecureContext;
  readonly rejectUnauthorized?: false;
}

/** Node's own certificates (NODE_EXTRA_CA_CERTS among them), the system's and those given, parsed once for all connections. */
function trust(given: readonly string[] = [], verifies: boolean): Trust {
  const unverified = verifies ? {} : ({ rejectUnauthorized: false } as const);
  try {
    const trusted = new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system'), ...given]);
    return { secureContext: tls.createSecureContext({ ca: [...trusted] }), ...unverified };
  } catch {
    // A store that cannot be read, or a certificate in it that cannot be parsed: Node's own list is left.
    return unverified;
  }
}
