import type { ProcessIdentity } from './session.ts';

/** Tells whether the processes that sessions live as long as are still there. */
export interface ProcessTable {
  isAlive(process: ProcessIdentity): boolean;
  identify(pid: number): ProcessIdentity;
}
