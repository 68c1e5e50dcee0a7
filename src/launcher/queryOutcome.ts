import { authTestNotice } from '../shared/authTestNotice.ts';
import { cleanUpText } from '../shared/cleanUpText.ts';
import { formatNumberOf } from '../shared/amounts.ts';
import type { AuthTestAnswer, ReleaseResult, SessionAnswer, StatusAnswer } from '../shared/launcherAnswers.ts';
import type { QueryWish } from './commandLine.ts';
import {
  cleanUpPart,
  type DocumentError,
  type Part,
  quotaPart,
  sessionPart,
  sessionsPart,
  statusPart,
  testPart,
} from './documents.ts';
import { askEngine } from './engineQuery.ts';
import { levelFormats } from './levels.ts';
import type { Look } from './look.ts';
import { printable } from './printable.ts';
import { quotaText } from './quotaText.ts';
import { candidatesText, sessionsText } from './sessionsText.ts';
import { statusText } from './statusText.ts';

/** What came of a command. */
export interface QueryOutcome {
  /** The answer, for people. */
  readonly text: (look: Look) => string;
  /** The answer, for programs. */
  readonly part: Part;
  /** Why the answer is bad news; absent when it is not. */
  readonly error?: DocumentError;
  /** Whether there is no answer: the error is to be said, and the text goes with it. */
  readonly failed?: true;
}

/**
 * Asks the engine what the user wants to know, or has done what the user wants.
 * @throws EngineUnavailableError
 */
export async function queryOutcome(wish: QueryWish): Promise<QueryOutcome> {
  switch (wish.command) {
    case 'status':
      return statusOutcome(await askStatus());
    case 'quota':
      return quotaOutcome(await askStatus());
    case 'sessions': {
      const status = await askStatus();
      return { text: (look) => sessionsText(status, look), part: sessionsPart(status) };
    }
    case 'test':
      return testOutcome((await askEngine({ type: 'query', what: 'test' })).test);
    case 'cleanup': {
      const answer = await askEngine({ type: 'query', what: 'cleanup' });
      return { text: () => `${cleanUpText(answer.changed, answer.inactivityMs)}\n`, part: cleanUpPart(answer) };
    }
    case 'release': {
      const { result } = await askEngine({ type: 'query', what: 'release', id: wish.id });
      return releaseOutcome(result, wish.id);
    }
  }
}

function askStatus(): Promise<StatusAnswer> {
  return askEngine({ type: 'query', what: 'status' });
}

function statusOutcome(status: StatusAnswer): QueryOutcome {
  const found = status.problems.find(({ severity }) => severity === 'error');
  return {
    text: (look) => statusText(status, look),
    part: statusPart(status),
    ...(!status.healthy && found !== undefined && { error: errorOf(found) }),
  };
}

function quotaOutcome(status: StatusAnswer): QueryOutcome {
  const usedUp = status.limits.some(({ dimension, percentage }) => dimension !== 'slots' && percentage >= 100);
  const error: DocumentError = {
    code: 'limit-reached',
    message: 'A limit is used up.',
    nextStep: 'Requests wait until it is reset, or are refused where that takes too long.',
  };
  return { text: (look) => quotaText(status, look), part: quotaPart(status), ...(usedUp && { error }) };
}

function testOutcome(test: AuthTestAnswer): QueryOutcome {
  const notice = authTestNotice(test);
  const { severity } = notice;
  const text = printable(notice.text);
  return {
    text: ({ paint }) => `${severity === 'information' ? text : paint(levelFormats[severity], text)}\n`,
    part: testPart(test),
    ...(test.kind === 'fails' && { error: errorOf(test.problem) }),
  };
}

function releaseOutcome(result: ReleaseResult, id: string): QueryOutcome {
  switch (result.kind) {
    case 'released':
      return { text: () => releasedText(result.session), part: { released: sessionPart(result.session) } };
    case 'notFound':
      return {
        text: () => '',
        part: {},
        error: {
          code: 'no-session',
          message: `There is no live session "${id}".`,
          nextStep: 'agent-quota sessions lists them.',
        },
        failed: true,
      };
    case 'ambiguous':
      return {
        text: (look) => candidatesText(result.candidates, look),
        part: { candidates: result.candidates.map(sessionPart), candidateCount: result.count },
        error: {
          code: 'ambiguous',
          message: `"${id}" may be any of ${formatNumberOf(result.count, 'session')}, so none was released.`,
          nextStep: 'Give the beginning of one id.',
        },
        failed: true,
      };
  }
}

function releasedText({ sessionId, agentId, mode, runningRequests }: SessionAnswer): string {
  const key =
    mode === 'routed' ? 'its key is dead and its slot is free' : mode === 'observed' ? 'its slot is free' : '';
  const cut =
    runningRequests === 0
      ? ''
      : ` ${formatNumberOf(runningRequests, 'request')} was being answered and may be cut off.`;
  return `Session ${sessionId} of ${agentId} is released${key === '' ? '' : `: ${key}`}. The agent itself is not stopped.${cut}\n`;
}

function errorOf({ code, message, nextStep }: DocumentError): DocumentError {
  return { code, message, nextStep };
}
