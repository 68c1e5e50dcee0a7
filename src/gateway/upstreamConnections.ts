import * as tls from 'node:tls';
import type { Dispatcher } from 'undici';
import connect from 'undici/lib/api/api-connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { type UpstreamAddress } from './upstreamTarget.ts';

/** How the upstream is reached. */
export interface UpstreamNetwork {
  /** Of it, `HTTPS_PROXY` and `NO_PROXY` in either case are looked at. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Certificates (PEM) that are trusted beside Node's own and the system's. */
  readonly certificates?: readonly string[];
}

/** The connections to the upstream, kept alive between requests. */
export interface UpstreamConnections {
  /** Upstreams on this machine are reached directly, whatever the proxy settings say. */
  dispatcherFor(address: Pick<UpstreamAddress, 'origin' | 'loopback'>): Dispatcher;
  /** Ends all connections at once, also those in use. */
  destroy(): Promise<void>;
}

const connectTimeoutMs = 10_000;
/** Longer than the 600 s that Claude Code gives an answer, so that the client's patience decides and not ours. */
const answerTimeoutMs = 15 * 60_000;
const shared = {
  headersTimeout: answerTimeoutMs,
  bodyTimeout: answerTimeoutMs,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 64 * 1024,
  allowH2: false,
  pipelining: 1,
} as const;

/** Nothing is connected, and no certificate read, before the first request. */
export function createUpstreamConnections(network: UpstreamNetwork): UpstreamConnections {
  const made = new Map<string, Dispatcher>();
  const once = (name: string, make: () => Dispatcher): Dispatcher => {
    const dispatcher = made.get(name) ?? make();
    made.set(name, dispatcher);
    return dispatcher;
  };
  return {
    dispatcherFor: ({ origin, loopback }) => {
      if (!origin.startsWith('https:')) return once('plain', () => direct({}));
      if (loopback) return once('secure', () => direct(trust(network.certificates)));
      return once('outside', () => createOutsideDispatcher(network));
    },
    destroy: async () => {
      await Promise.all(Array.from(made.values(), (dispatcher) => dispatcher.destroy()));
    },
  };
}

function direct(trusted: Trust): Dispatcher {
  return new Agent({ ...shared, connect: { timeout: connectTimeoutMs, ...trusted } });
}

function createOutsideDispatcher({ environment, certificates }: UpstreamNetwork): Dispatcher {
  const secure = { timeout: connectTimeoutMs, ...trust(certificates) };
  const proxy = proxyAddress(environment['https_proxy'] ?? environment['HTTPS_PROXY']);
  return new EnvHttpProxyAgent({
    ...shared,
    connect: secure,
    requestTls: secure,
    proxyTls: secure,
    // Empty values keep undici from looking at the process's own environment. Only https leaves this machine.
    httpProxy: '',
    httpsProxy: proxy,
    noProxy: noProxyList(environment['no_proxy'] ?? environment['NO_PROXY'] ?? ''),
    clientFactory: (origin, options) =>
      // `connect` is what undici's index adds to each of its dispatchers.
      Object.assign(new Pool(origin, { ...options, headersTimeout: 2 * connectTimeoutMs }), { connect }),
  });
}

interface Trust {
  readonly secureContext?: tls.SecureContext;
}

/** Node's own certificates, the system's and those given, parsed once for all connections. */
function trust(given: readonly string[] = []): Trust {
  try {
    const trusted = new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system'), ...given]);
    return { secureContext: tls.createSecureContext({ ca: [...trusted] }) };
  } catch {
    // A store that cannot be read, or a certificate in it that cannot be parsed: Node's own list is left.
    return {};
  }
}

/** @returns an empty string for none; a value without a scheme is a host with its port, as for curl. */
function proxyAddress(value: string | undefined): string {
  const trimmed = value?.trim() ?? '';
  const address = trimmed === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  return URL.canParse(address) ? address : '';
}

/** undici knows `*` only when it stands alone. */
function noProxyList(value: string): string {
  return value.split(/[,\s]+/).includes('*') ? '*' : value;
}
