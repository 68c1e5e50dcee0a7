import type { BigIntStats } from 'node:fs';

/** What tells a file from another that has been put in its place. */
export interface FileIdentity {
  readonly inode: string;
  /** In nanoseconds since the epoch; undefined where it is not known for certain. */
  readonly bornAt: string | undefined;
}

/**
 * @param stats of the file; some file systems know no time of birth and give that of the last change for it.
 * Source: Node.js documentation, "Stat time values".
 */
export function fileIdentity({ ino, birthtimeNs, ctimeNs }: BigIntStats): FileIdentity {
  return { inode: `${ino}`, bornAt: birthtimeNs === 0n || birthtimeNs === ctimeNs ? undefined : `${birthtimeNs}` };
}

export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  if (one.inode !== other.inode) return false;
  return one.bornAt === undefined || other.bornAt === undefined || one.bornAt === other.bornAt;
}
