import { userInfo } from 'node:os';
import { ledgerAddressVariable } from '../shared/launcherVariables.ts';

/** Where the shared ledger is, and as whom this machine comes. Holds a password, so it lives in memory only. */
export interface LedgerAddress {
  /** A name, an IP address, or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Undefined: what the password file says. */
  readonly password: string | undefined;
  /** Whether the connection is encrypted and the server's certificate checked. */
  readonly usesTls: boolean;
  /** File of the certificates to trust; undefined for the system's. */
  readonly rootCertificates: string | undefined;
  /** Files of this machine's own certificate and its key, where the server wants one. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

/** An address, or why there is none. No message holds a password. */
export type AddressOutcome =
  | { readonly kind: 'address'; readonly address: LedgerAddress }
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly message: string; readonly nextStep: string };

type Environment = Readonly<Record<string, string | undefined>>;

const encodings = 'Write % in names and passwords as %25, @ as %40, / as %2F, ? as %3F, # as %23.';

/** How an address is to be written. */
export const addressForm = 'postgres://user@host:5432/database?sslmode=verify-full';

/**
 * The address that the environment tells: `AGENT_QUOTA_LEDGER_URL`, what it leaves out from libpq's variables, or these
 * alone. Source: PostgreSQL documentation, "libpq" › "Environment Variables" and "Connection URIs".
 */
export function addressOfEnvironment(environment: Environment): AddressOutcome {
  const url = environment[ledgerAddressVariable]?.trim() ?? '';
  if (url !== '') return readAddress(url, ledgerAddressVariable, environment);
  if ((environment['PGHOST'] ?? '') === '') return { kind: 'none' };
  return resolved({}, environment);
}

/**
 * Reads an address.
 * @param source where it is from, for messages.
 */
export function readAddress(text: string, source: string, environment: Environment): AddressOutcome {
  const form = `Write it as ${addressForm}.`;
  if (!/^postgres(ql)?:\/\//i.test(text)) return refused(`${source} holds no address of a PostgreSQL database.`, form);
  let url: URL;
  try {
    // The host may be left out, which other URLs do not allow.
    url = new URL(
      text
        .replace(/^postgres(ql)?:\/\//i, 'postgres://')
        .replace(/^postgres:\/\/([^/@]*@)?(?=\/|$|\?)/, 'postgres://$1-'),
    );
  } catch {
    return refused(`${source} holds no address that can be read.`, `${form} ${encodings}`);
  }
  // A name or password that ends the host too early: what is behind would be shown as a database or a parameter.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) {
    return refused(`${source} has an @ behind its host.`, `${form} ${encodings}`);
  }
  const parts = partsOf(url);
  return typeof parts === 'string' ? refused(`${source}: ${parts}`, form) : resolved(parts, environment);
}

type Part = 'host' | 'port' | 'database' | 'user' | 'password' | 'sslmode' | 'sslrootcert' | 'sslcert' | 'sslkey';
type Parts = Partial<Record<Part, string>>;

const parameters: Readonly<Record<string, Part | 'ignored'>> = {
  host: 'host',
  port: 'port',
  dbname: 'database',
  user: 'user',
  password: 'password',
  sslmode: 'sslmode',
  sslrootcert: 'sslrootcert',
  sslcert: 'sslcert',
  sslkey: 'sslkey',
  application_name: 'ignored',
  fallback_application_name: 'ignored',
  connect_timeout: 'ignored',
};

/** @returns what is wrong, where something is. */
function partsOf(url: URL): Parts | string {
  const parts: Parts = {};
  try {
    const named = { user: url.username, password: url.password, database: url.pathname.slice(1), port: url.port };
    for (const [part, value] of Object.entries(named) as [Part, string][]) {
      if (value !== '') parts[part] = decodeURIComponent(value);
    }
    const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
    if (host !== '-' && host !== '') parts.host = host;
  } catch {
    return 'a % in it encodes nothing.';
  }
  for (const [name, value] of url.searchParams) {
    const part = parameters[name];
    // One that was left out in silence could be the one that keeps the connection safe.
    if (part === undefined) return `the parameter ${/^\w{1,40}$/.test(name) ? `"${name}" ` : ''}is not known here.`;
    if (part !== 'ignored') parts[part] = value;
  }
  if (parts.host?.includes(',') === true) return 'one host alone can be named.';
  return parts;
}

function resolved(parts: Parts, environment: Environment): AddressOutcome {
  const from = (part: Part, variable: string): string | undefined => {
    const value = parts[part] ?? environment[variable];
    return value === '' ? undefined : value;
  };
  const port = Number(from('port', 'PGPORT') ?? '5432');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return refused('The port of the shared ledger is none.', 'Give a number from 1 to 65535, 5432 in most places.');
  }
  const host = from('host', 'PGHOST') ?? 'localhost';
  const user = from('user', 'PGUSER') ?? userInfo().username;
  const mode = from('sslmode', 'PGSSLMODE') ?? '';
  const usesTls = tlsOf(mode, host);
  if (typeof usesTls === 'object') return usesTls;
  const rootCertificates = from('sslrootcert', 'PGSSLROOTCERT');
  return {
    kind: 'address',
    address: {
      host,
      port,
      user,
      database: from('database', 'PGDATABASE') ?? user,
      password: from('password', 'PGPASSWORD'),
      usesTls,
      rootCertificates: rootCertificates === 'system' ? undefined : rootCertificates,
      certificate: from('sslcert', 'PGSSLCERT'),
      key: from('sslkey', 'PGSSLKEY'),
    },
  };
}

/** Modes that check less than they could are taken for the one that checks all. */
const checkedModes: readonly string[] = ['prefer', 'require', 'verify-ca', 'verify-full'];

function tlsOf(mode: string, host: string): boolean | (AddressOutcome & { kind: 'refused' }) {
  const local = isLoopback(host);
  if (mode === '' || mode === 'prefer') return !local;
  if (checkedModes.includes(mode)) return !host.startsWith('/');
  if (local && (mode === 'disable' || mode === 'allow')) return false;
  const why =
    mode === 'disable' || mode === 'allow'
      ? `sslmode=${mode} would send the password and everybody's usage to ${host} in the clear`
      : mode === 'no-verify'
        ? 'sslmode=no-verify would take any server for yours'
        : 'the sslmode of the shared ledger is none that is known';
  return refused(
    `${why.charAt(0).toUpperCase()}${why.slice(1)}.`,
    "Take sslmode=verify-full; a certificate of your own goes into the system's store or is named by sslrootcert.",
  );
}

/** Whether a connection stays on this machine. */
export function isLoopback(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The address for people, without the password. */
export function shownAddress({ user, host, port, database }: LedgerAddress): string {
  return `${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

function refused(message: string, nextStep: string): AddressOutcome & { kind: 'refused' } {
  return { kind: 'refused', message, nextStep };
}
