import type { EngineStart, QuotaEngineEvents } from '../../../src/core/quotaEngine.ts';
import { EngineSupervisor, type EngineLife } from '../../../src/supervisor/engineSupervisor.ts';
import type { EngineThread } from '../../../src/supervisor/engineThread.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { createMemoryLogger, type MemoryLogger } from '../control/memoryLogger.ts';

const nothing = (): undefined => undefined;

/** A supervisor and what it told. */
export class SupervisorTester {
  readonly clock = new FakeClock();
  readonly logger: MemoryLogger = createMemoryLogger();
  readonly life: EngineLife[] = [];
  readonly supervisor: EngineSupervisor;
  #wake: () => void = nothing;

  constructor(
    start: EngineStart,
    startThread: (start: EngineStart) => EngineThread,
    events: Partial<QuotaEngineEvents> = {},
  ) {
    this.supervisor = new EngineSupervisor({
      start,
      startThread,
      events: {
        snapshotChanged: nothing,
        logged: nothing,
        problemFound: nothing,
        firstTranscripts: nothing,
        keyWanted: nothing,
        ...events,
      },
      lifeChanged: (life) => {
        this.life.push(life);
        this.#wake();
      },
      clock: this.clock,
      logger: this.logger,
    });
  }

  get engine(): EngineSupervisor['engine'] {
    return this.supervisor.engine;
  }

  /** Resolves when the engine is in such a state for the `times`-th time. */
  async reached<Kind extends EngineLife['kind']>(kind: Kind, times = 1): Promise<EngineLife & { kind: Kind }> {
    for (;;) {
      const seen = this.life.filter((life): life is EngineLife & { kind: Kind } => life.kind === kind)[times - 1];
      if (seen !== undefined) return seen;
      await this.told();
    }
  }

  /** Resolves when the next state is told. */
  told(): Promise<void> {
    return new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Lets time pass until the engine is in such a state for the `times`-th time. */
  async passUntil(kind: EngineLife['kind'], times = 1): Promise<void> {
    while (this.life.filter((life) => life.kind === kind).length < times) await this.clock.advance(10);
  }
}
