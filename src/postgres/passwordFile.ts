import { Writable } from 'node:stream';
import pgpass from 'pgpass';
import type { LedgerAddress } from './ledgerAddress.ts';

/** What the password file says. */
export interface FilePassword {
  readonly password: string | undefined;
  /** Why the file was not read, as the library says it: others may read it, for instance. */
  readonly warning: string | undefined;
}

/**
 * The password of libpq's password file (`PGPASSFILE`, else `~/.pgpass` or `%APPDATA%\postgresql\pgpass.conf`).
 * Source: PostgreSQL documentation, "libpq" › "The Password File".
 */
export function passwordOfFile({ host, port, database, user }: LedgerAddress): Promise<FilePassword> {
  const warnings: string[] = [];
  pgpass.warnTo(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        warnings.push(
          chunk
            .toString('utf8')
            .trim()
            .replace(/^WARNING: /, ''),
        );
        done();
      },
    }),
  );
  return new Promise((resolve) => {
    pgpass({ host: host.startsWith('/') ? 'localhost' : host, port, database, user }, (password) => {
      resolve({ password, warning: warnings[0] });
    });
  });
}
