import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineAddress } from './engineAddress.ts';
import { connectEngine, type EngineConnection, EngineUnavailableError } from './engineConnection.ts';

/** A session that an agent runs in. */
export interface HeldSession {
  /** The agent has ended: tells the engine, and waits a moment until the slot is free. */
  end(): Promise<void>;
}

const firstRetryMs = 250;
/** While a window may be reloading, and after that. */
const longestRetryMs = { soon: 2000, later: 30_000 };
const soonMs = 60_000;
/** The user waits for the prompt meanwhile, and the engine sees the process end anyway. */
const farewellMs = 500;

/** Told where agents report now, when an engine is found again. */
export type Resumed = (observerPort: number | undefined) => void;

/**
 * Keeps the connection of a session as long as its agent runs. A lost one is made again in the background, silently and
 * without keeping the process: the engine may come back after a reload of the window, and the agent needs none of it.
 */
export function holdSession(
  connection: EngineConnection,
  sessionId: string,
  engine: EngineAddress,
  pid: number,
  onResumed: Resumed,
): HeldSession {
  let current: EngineConnection | undefined = connection;
  let ended = false;

  const resume = async (): Promise<EngineConnection | undefined> => {
    const lostAt = performance.now();
    const longest = (): number => (performance.now() - lostAt < soonMs ? longestRetryMs.soon : longestRetryMs.later);
    for (let delay = firstRetryMs; ; delay = Math.min(delay * 2, longest())) {
      // Many launchers lose the same engine at the same time: they come back one after another.
      await sleep(delay * (0.5 + Math.random()), undefined, { ref: false });
      if (ended) return undefined;
      try {
        const next = await connectEngine(engine, { pid, wish: () => ({ type: 'resume', sessionId }) });
        next.unref();
        const answer = await next.next();
        if (answer?.type === 'resumed' && answer.live) {
          onResumed(answer.observerPort);
          return next;
        }
        next.close();
        if (answer !== undefined) return undefined;
      } catch (error) {
        if (!(error instanceof EngineUnavailableError && error.unanswered)) return undefined;
      }
    }
  };

  const keep = async (): Promise<void> => {
    connection.unref();
    while (current !== undefined && !ended) {
      await current.closed;
      current = undefined;
      current = await resume();
    }
  };
  void keep();

  return {
    async end() {
      ended = true;
      const last = current;
      if (last === undefined) return;
      last.send({ type: 'end', sessionId });
      await Promise.race([last.closed, sleep(farewellMs)]);
      last.close();
    },
  };
}
