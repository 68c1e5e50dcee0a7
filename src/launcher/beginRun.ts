import { overlayVariables } from '../shared/overlayVariables.ts';
import type { CommandLine } from './commandLine.ts';
import { engineAddress, type EngineAddress } from './engineAddress.ts';
import { signalExitCode } from './processExit.ts';
import { onEndSignal } from './processSignals.ts';
import { needsSession } from './sessionNeed.ts';
import { requestSession, type SessionAnswer, type SessionRequest } from './sessionRequest.ts';

/** A session that is asked for before most of the launcher is loaded, since the engine does its part meanwhile. */
export interface EarlyRequest {
  readonly engine: EngineAddress;
  /** Resolves when the engine was asked, or cannot be yet. */
  readonly asked: Promise<void>;
  readonly answer: Promise<SessionAnswer>;
  /** Is told how it goes in line, and what was heard last before. */
  listen(listener: Listener): void;
}

export type RunWish = CommandLine & { readonly kind: 'run' };

type Listener = Required<Pick<SessionRequest, 'onWaiting' | 'onLost' | 'onReload'>>;

/** What is done before the rest of the launcher is loaded. */
export interface BegunRun {
  /** Absent when the agent needs no session of its own, or there is no engine to ask. */
  readonly request: EarlyRequest | undefined;
  /** Done before a signal ends the launcher. */
  beforeEnd(clear: () => void): void;
  /** From now on signals are the agent's. */
  stopListening(): void;
}

/** Begins `agent-quota run`: from now on a signal ends it. */
export function beginRun(wish: RunWish): BegunRun {
  let clear = (): void => undefined;
  const stopListening = onEndSignal((signal) => {
    // The connection ends with the process, and with it the place in line.
    clear();
    process.exit(wish.startedBy === 'terminal' ? 0 : signalExitCode(signal));
  });
  return {
    request: requestEarly(wish),
    beforeEnd(done) {
      clear = done;
    },
    stopListening,
  };
}

function requestEarly(wish: RunWish): EarlyRequest | undefined {
  const engine = needsSession(wish, process.env) ? engineAddress() : undefined;
  if (engine === undefined) return undefined;
  const parent = process.env[overlayVariables.sessionId] ?? '';
  let listener: Listener | undefined;
  let unheard: ((listener: Listener) => void) | undefined;
  const tell = (what: (listener: Listener) => void): void => {
    if (listener === undefined) unheard = what;
    else what(listener);
  };
  const said = Promise.withResolvers<undefined>();
  const answer = requestSession({
    ...wish,
    ...(parent !== '' && { parentSessionId: parent }),
    engine,
    pid: process.pid,
    onWaiting: (message) => {
      tell(({ onWaiting }) => {
        onWaiting(message);
      });
    },
    onLost: () => {
      tell(({ onLost }) => {
        onLost();
      });
    },
    onReload: () => {
      // It takes a while, and somebody has to say so.
      said.resolve(undefined);
      tell(({ onReload }) => {
        onReload();
      });
    },
    meanwhile: () => {
      said.resolve(undefined);
    },
  });
  return {
    engine,
    asked: Promise.race([said.promise, answer.then(() => undefined)]),
    answer,
    listen(now) {
      listener = now;
      unheard?.(now);
    },
  };
}
