import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import tls, { type ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import type { LedgerAddress } from './ledgerAddress.ts';
import { passwordOfFile } from './passwordFile.ts';

/** How long connecting and one call may take, in milliseconds. */
export const connectTimeoutMs = 5000;
export const callTimeoutMs = 5000;

/**
 * How to connect to the shared ledger. Everything is named, so that no variable of libpq's that the client library reads
 * by itself decides.
 * @throws where a file of certificates cannot be read.
 */
export function connectionOptions(address: LedgerAddress): ClientConfig {
  const { host, port, database, user, password, usesTls } = address;
  return {
    host,
    port,
    database,
    user,
    password: password ?? (async () => (await passwordOfFile(address)).password ?? ''),
    ssl: usesTls ? tlsOptions(address) : false,
    application_name: 'agent-quota',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: callTimeoutMs,
    // The server gives up before the client does: what the client has given up is not done later.
    statement_timeout: callTimeoutMs - 500,
    lock_timeout: callTimeoutMs - 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/** The server's certificate is checked, and that it is for this host, whatever `NODE_TLS_REJECT_UNAUTHORIZED` says. */
export function tlsOptions({ host, rootCertificates, certificate, key }: LedgerAddress): TlsOptions {
  const file = rootCertificates ?? defaultRootFile();
  return {
    rejectUnauthorized: true,
    checkServerIdentity: (_name, shown) => tls.checkServerIdentity(host, shown),
    ca: file === undefined ? systemCertificates() : textOf(file),
    ...(certificate !== undefined && { cert: textOf(certificate) }),
    ...(key !== undefined && { key: textOf(key) }),
  };
}

/** Tells a file that cannot be read from a server that cannot be reached. */
class CertificateFileError extends Error {
  override readonly name = 'CertificateFileError';
  readonly code = 'ERR_TLS_FILE';
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CertificateFileError(`the file ${file} cannot be read (${code ?? 'no reason'})`, { cause });
  }
}

/** Where libpq looks. Source: PostgreSQL documentation, "libpq" › "SSL Support". */
function defaultRootFile(): string | undefined {
  const directory =
    process.platform === 'win32'
      ? path.join(process.env['APPDATA'] ?? '', 'postgresql')
      : path.join(homedir(), '.postgresql');
  const file = path.join(directory, 'root.crt');
  return existsSync(file) ? file : undefined;
}

function systemCertificates(): string[] {
  // The oldest Node.js that runs this knows nothing of the system's certificates.
  const { getCACertificates } = tls as Partial<Pick<typeof tls, 'getCACertificates'>>;
  if (getCACertificates === undefined) return [...tls.rootCertificates];
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}
