import { createHmac } from 'node:crypto';
import type { ClaudeQuotaManager } from './core/claudeQuotaManager.ts';
import type { Clock } from './core/clock.ts';
import type { CurrentUpstream } from './core/currentUpstream.ts';
import type { FirstConfiguration } from './core/firstConfiguration.ts';
import type { Ledger } from './core/ledger.ts';
import type { Logger } from './core/logger.ts';
import { defaultLongestWaitMs } from './core/longestHold.ts';
import type { HeardSource, Session } from './core/session.ts';
import { admitStep } from './core/stepAdmission.ts';
import { endedSessionAnswers, hookIntake } from './observer/hookIntake.ts';
import { LogsIntake } from './observer/logsIntake.ts';
import { type ObserverServer, startObserverServer } from './observer/observerServer.ts';
import { RunningTurns } from './observer/runningTurns.ts';
import { statusLineIntake } from './observer/statusLineIntake.ts';
import { FollowedSessions } from './transcripts/followedSessions.ts';

/** What observing is built of. */
export interface ObserverParts {
  readonly manager: ClaudeQuotaManager;
  readonly ledger: Ledger;
  readonly upstream: CurrentUpstream;
  readonly configured: FirstConfiguration;
  readonly sessionsMayReturn: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The user's own on this machine, the same in all windows: accounts are told apart by digests with it. */
  readonly secret: string;
  /** Tried first, since agents that run know it. */
  readonly port: number | undefined;
}

/** What observes agents, as the engine sees it. */
export type EngineObserver = Pick<ObserverServer, 'port' | 'urlOf' | 'close'>;

/** Builds what learns from agents that speak to Claude directly: their hooks, status lines, telemetry, transcripts. */
export async function buildObserver(parts: ObserverParts): Promise<EngineObserver> {
  const { manager, ledger, upstream, configured, sessionsMayReturn, clock, logger, secret, port } = parts;
  const turns = new RunningTurns(manager, clock, logger);
  const book = turns.book.bind(turns);
  const observe = manager.observe.bind(manager);
  const followed = new FollowedSessions({ book, ledger, clock, logger });
  const heard = (session: Session, source: HeardSource): void => {
    if (session.heard?.[source] !== undefined) return;
    ledger.noteHeard(session.sessionId, source, clock.now()).catch((error: unknown) => {
      logger.error('How an agent is heard could not be kept.', error);
    });
  };
  const steps = { onChange: ledger.onChange.bind(ledger), clock, longestWaitMs: defaultLongestWaitMs };
  const observer = await startObserverServer({
    sessions: manager,
    configured,
    sessionsMayReturn,
    intake: {
      hooks: hookIntake({
        turns,
        admitStep: (sessionId, signal) =>
          admitStep({ ...steps, view: () => manager.view(sessionId) }, sessionId, signal),
        claudeSessionSeen: ({ session, claudeSessionId, transcriptPath }) => {
          logger.debug(`Session ${session.sessionId} is Claude Code's session ${claudeSessionId}.`);
          if (transcriptPath === undefined) return;
          followed.seen(session, transcriptPath).catch((error: unknown) => {
            logger.error('Where a session has its transcript could not be kept.', error);
          });
        },
        heard,
        turnOver: (sessionId) => {
          followed.turnOver(sessionId);
        },
        clock,
      }),
      endedSession: endedSessionAnswers,
      statusLine: statusLineIntake({ observe, view: (sessionId) => manager.view(sessionId), clock }),
    },
    logs: new LogsIntake(
      {
        book,
        observe,
        heard,
        accountTold: (session, digest) => manager.accountTold(session, digest),
        trouble: (problem) => {
          if (problem !== undefined || upstream.problem !== undefined) upstream.trouble(problem);
        },
      },
      (account) => digestOf(account, secret),
      clock,
    ),
    logger,
    clock,
    ...(port !== undefined && { port }),
  });
  // What they used is booked by the plan that holds.
  const rejoined = configured.told.then(() => followed.rejoin());
  rejoined.catch((error: unknown) => {
    logger.error('What agents used while no engine was there could not be looked for.', error);
  });
  return {
    port: observer.port,
    urlOf: (token) => observer.urlOf(token),
    close: () => {
      followed.dispose();
      turns.dispose();
      return observer.close();
    },
  };
}

/** Longer ones would tell no more accounts apart that one user has. */
const digestLength = 12;

/** Without the secret nobody can tell whose digest it is by trying ids. */
function digestOf(account: string, secret: string): string {
  return createHmac('sha256', secret).update(`account ${account}`).digest('base64url').slice(0, digestLength);
}
