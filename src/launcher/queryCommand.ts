import type { QueryWish } from './commandLine.ts';
import { type DocumentError, documentText } from './documents.ts';
import { EngineUnavailableError } from './engineConnection.ts';
import type { Look } from './look.ts';
import { createNotice } from './notice.ts';
import { createPaint } from './paint.ts';
import { type QueryOutcome, queryOutcome } from './queryOutcome.ts';

/** The answer is bad news. */
const badNewsExitCode = 1;
/** EX_UNAVAILABLE of sysexits(3): there is no engine to ask. */
const unavailableExitCode = 69;

/** Answers a command, as text or as one JSON document on stdout, and sets the process's exit code. */
export async function runQuery(wish: QueryWish): Promise<void> {
  const { stdout, stderr, env } = process;
  // Who reads only the first lines closes the pipe.
  stdout.on('error', () => process.exit());
  const outcome = await queryOutcome(wish).catch(unavailable);
  const { error } = outcome;
  if (error !== undefined) process.exitCode = error.code === noEngine ? unavailableExitCode : badNewsExitCode;
  if (wish.json) {
    stdout.write(documentText(wish.command, outcome.part, error));
    return;
  }
  if (error === undefined || outcome.failed !== true) {
    stdout.write(outcome.text(lookOf(stdout, env)));
    return;
  }
  createNotice(stderr, env).say(`${error.message} ${error.nextStep}`);
  stderr.write(outcome.text(lookOf(stderr, env)));
}

const noEngine = 'no-engine';

function lookOf(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Look {
  // What no terminal shows has lines of any length.
  const columns = stream.isTTY ? stream.columns : undefined;
  return { paint: createPaint(stream.isTTY, environment), columns };
}

function unavailable(cause: unknown): QueryOutcome {
  if (!(cause instanceof EngineUnavailableError)) throw cause;
  const error: DocumentError = {
    code: noEngine,
    message: `There is no engine to ask: ${cause.message}.`,
    nextStep: cause.unanswered
      ? 'Open a VS Code window with Agent Quota, and ask in a new terminal of it.'
      : 'Reload the VS Code window, and ask in a new terminal of it.',
  };
  return { text: () => '', part: {}, error, failed: true };
}
