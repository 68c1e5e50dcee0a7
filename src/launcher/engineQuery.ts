import { answerSchema, longestAnswer, type QueryAnswer } from '../shared/launcherAnswers.ts';
import type { Query } from '../shared/launcherMessages.ts';
import { engineAddress } from './engineAddress.ts';
import { connectEngine, type EngineConnection, EngineUnavailableError } from './engineConnection.ts';

/** A test of the credentials takes ten seconds at most, and an engine that is there answers the rest at once. */
const answerWithinMs = 30_000;

/**
 * Asks the engine of this terminal's window.
 * @throws EngineUnavailableError
 */
export async function askEngine<What extends Query['what']>(
  query: Query & { readonly what: What },
): Promise<QueryAnswer & { readonly what: What }> {
  const address = engineAddress();
  if (address === undefined)
    throw new EngineUnavailableError('this is no terminal of a VS Code window with Agent Quota', true);
  const connection = await connectEngine(address, { pid: process.pid, wish: () => query, longest: longestAnswer });
  const slow = setTimeout(() => {
    connection.close();
  }, answerWithinMs);
  try {
    const answer = await readAnswer(connection);
    if (isAbout(answer, query.what)) return answer;
    throw new EngineUnavailableError(`the engine answered ${answer.what}`, false);
  } finally {
    clearTimeout(slow);
    connection.close();
  }
}

async function readAnswer(connection: EngineConnection): Promise<QueryAnswer> {
  const message = await connection.next();
  if (message === undefined) throw new EngineUnavailableError('the engine closed the connection', true);
  if (message.type === 'error') throw new EngineUnavailableError(message.message, false);
  const parsed = message.type === 'answer' ? answerSchema.safeParse(message.answer) : undefined;
  if (parsed?.success !== true)
    throw new EngineUnavailableError('the engine says what this version does not understand', false);
  return parsed.data;
}

function isAbout<What extends Query['what']>(
  answer: QueryAnswer,
  what: What,
): answer is QueryAnswer & { readonly what: What } {
  return answer.what === what;
}
