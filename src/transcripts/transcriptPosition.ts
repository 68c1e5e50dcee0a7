import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { type FileIdentity, isSameFile } from './fileIdentity.ts';

/** How far a file was read, and by what it is known again. */
export interface TranscriptPosition {
  /** Where the next line begins, in bytes. */
  readonly offset: number;
  readonly identity: FileIdentity;
  /** Of the first bytes and of those before `offset`. */
  readonly fingerprint: string;
}

/** Bytes at each end of what was read that the fingerprint is of. */
const endBytes = 2048;

/** Says by what a file is known again after so many bytes of it were read. */
export function positionIn(file: number, identity: FileIdentity, offset: number): TranscriptPosition {
  return { offset, identity, fingerprint: fingerprintOf(file, offset) };
}

/**
 * Where to go on in a file that was read before: where it was left when it has only grown, else at its beginning.
 * @param size of the file now, in bytes.
 */
export function resumedOffset(
  file: number,
  identity: FileIdentity,
  size: number,
  before: TranscriptPosition | undefined,
): number {
  if (before === undefined || size < before.offset || !isSameFile(identity, before.identity)) return 0;
  return fingerprintOf(file, before.offset) === before.fingerprint ? before.offset : 0;
}

function fingerprintOf(file: number, offset: number): string {
  const length = Math.min(offset, endBytes);
  const ends = Buffer.alloc(2 * length);
  readSync(file, ends, 0, length, 0);
  readSync(file, ends, length, length, offset - length);
  return createHash('sha256').update(ends).digest('base64').slice(0, 22);
}
