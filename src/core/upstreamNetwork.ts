import type { Problem } from './credentials.ts';

/** How the upstream is reached from this machine. Holds secrets, so it lives in memory only. */
export interface UpstreamNetwork {
  /** Absent when the upstream is reached directly. */
  readonly proxy?: UpstreamProxy;
  /** Hosts (`host`, `.domain` or `host:port`; `*` for all) that are reached without the proxy. */
  readonly noProxy: readonly string[];
  /** False: whatever certificate is shown is taken. */
  readonly verifiesCertificates: boolean;
}

/** An HTTP proxy that makes tunnels (CONNECT). */
export interface UpstreamProxy {
  /** `http://host:port` or `https://host:port`, without a user name. */
  readonly url: string;
  /** Sent to the proxy, and to nobody else, as `proxy-authorization`. */
  readonly authorization?: string;
}

/** What VS Code's own settings say about the network, checked. */
export interface NetworkSettings {
  readonly proxy?: UpstreamProxy;
  /** Empty: what the environment says. */
  readonly noProxy: readonly string[];
  readonly strictSsl: boolean;
  /** False: no proxy at all, whoever names one. */
  readonly usesProxies: boolean;
  readonly authorization?: string;
}

/** Without a proxy, and with certificates checked. */
export const directNetwork: UpstreamNetwork = { noProxy: [], verifiesCertificates: true };

const proxyVariables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/**
 * Decides how the upstream is reached. Settings go before the environment, each by itself: `http.proxy` before
 * `HTTPS_PROXY` and `HTTP_PROXY`, `http.noProxy` before `NO_PROXY`. Source: VS Code documentation, "Network connections
 * in Visual Studio Code", and what its extension host does with the same settings.
 */
export function resolveNetwork(
  settings: NetworkSettings,
  environment: Readonly<Record<string, string | undefined>>,
): { network: UpstreamNetwork; problems: Problem[] } {
  const problems: Problem[] = settings.strictSsl ? [] : [unverified];
  const verifiesCertificates = settings.strictSsl;
  const direct = { network: { noProxy: [], verifiesCertificates }, problems };
  if (!settings.usesProxies) return direct;
  const found = settings.proxy ?? proxyOfEnvironment(environment, problems);
  if (found === undefined) return direct;
  const { authorization } = settings;
  const proxy = authorization === undefined ? found : { ...found, authorization };
  const listed = settings.noProxy.length > 0 ? settings.noProxy : hostsOf(first(environment, ['no_proxy', 'NO_PROXY']));
  // Of a list with a star in it the rest says nothing.
  const noProxy = listed.includes('*') ? ['*'] : listed;
  return { network: { proxy, noProxy, verifiesCertificates }, problems };
}

/**
 * Reads the address of a proxy, with or without `user:password@`.
 * @returns undefined for what is none, and for a kind of proxy that cannot be used, such as SOCKS.
 */
export function readProxyAddress(text: string): UpstreamProxy | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, username, password, pathname, search, hash } = new URL(text);
  if (pathname !== '/' || search !== '' || hash !== '') return undefined;
  if (username === '' && password === '') return { url: origin };
  return { url: origin, authorization: `Basic ${base64(`${decoded(username)}:${decoded(password)}`)}` };
}

function proxyOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): UpstreamProxy | undefined {
  const name = proxyVariables.find((candidate) => (environment[candidate]?.trim() ?? '') !== '');
  if (name === undefined) return undefined;
  const value = environment[name]?.trim() ?? '';
  // A value without a scheme is a host with its port, as for curl.
  const proxy = readProxyAddress(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  if (proxy === undefined) {
    problems.push({
      code: 'bad-proxy-variable',
      severity: 'warning',
      message: `${name} is not the address of a proxy that can be used, so the upstream is reached without one.`,
      nextStep:
        'Give http://host:port or https://host:port (SOCKS cannot be used), in http.proxy or in the environment.',
    });
  }
  return proxy;
}

function first(environment: Readonly<Record<string, string | undefined>>, names: readonly string[]): string {
  return names.map((name) => environment[name]?.trim() ?? '').find((value) => value !== '') ?? '';
}

function hostsOf(list: string): string[] {
  return list.split(/[,\s]+/).filter((host) => host !== '');
}

/** A `%` that encodes nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

const unverified: Problem = {
  code: 'certificates-unverified',
  severity: 'warning',
  message:
    'The setting http.proxyStrictSSL is off, so the certificate of the upstream is not checked: whoever stands in between can read your key.',
  nextStep:
    "Add your company's certificate to the system's store, or name it in NODE_EXTRA_CA_CERTS, and turn the setting on again.",
};
