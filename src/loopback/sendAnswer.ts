import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';
import { encodeAnswer, type LoopbackAnswer } from './loopbackAnswer.ts';
import { endAnswer, isStillSending } from './endAnswer.ts';
import { makeLastAnswer } from './lastAnswer.ts';

/** Answers a request with an answer of Agent Quota's own. Does nothing when it is answered already. */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: LoopbackAnswer,
  clock: Clock,
): void {
  if (response.headersSent || response.destroyed) return;
  const { headers, body } = encodeAnswer(answer);
  if (isStillSending(request)) makeLastAnswer(request, response);
  response.writeHead(answer.status, [...headers]);
  response.write(body);
  endAnswer(request, response, clock);
}
