import type { ProcessTable } from '../../src/core/processTable.ts';
import type { ProcessIdentity } from '../../src/core/session.ts';

/** Processes that live until they are ended here. */
export class FakeProcessTable implements ProcessTable {
  readonly #gone = new Set<number>();

  identify(pid: number): ProcessIdentity {
    return { pid, startMark: `start of ${pid}` };
  }

  isAlive({ pid }: ProcessIdentity): boolean {
    return !this.#gone.has(pid);
  }

  end(pid: number): void {
    this.#gone.add(pid);
  }
}
