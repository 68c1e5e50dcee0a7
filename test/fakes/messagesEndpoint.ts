import { setTimeout as wait } from 'node:timers/promises';

import { AnthropicError } from './anthropicError.ts';
import { authenticate } from './authentication.ts';
import type { EncodedBody } from './encodedBody.ts';
import type { Exchange } from './exchange.ts';
import { eventFaultError, statusFaultError } from './faultError.ts';
import { type MessageRequest, parseMessageRequest } from './messageRequest.ts';
import { countedInputTokens } from './messageUsage.ts';
import { sendMessageStream } from './messageStream.ts';
import type { PlannedAnswer } from './plannedAnswer.ts';
import { composeMessage, messageJson } from './simulatedMessage.ts';
import { unifiedHeaders } from './unifiedHeaders.ts';
import type { AnswerDelays, ForcedFault, UpstreamBehaviour } from './upstreamBehaviour.ts';
import type { UpstreamState } from './upstreamState.ts';

/**
 * Answers `POST /v1/messages`: credentials, body, forced fault, rate limits, message, in this order.
 *
 * @throws AnthropicError for the caller to send
 */
export async function answerMessages(exchange: Exchange, state: UpstreamState): Promise<void> {
  const { entry } = exchange;
  state.log.count(entry, 'requests');
  try {
    const body = await exchange.readBody();
    authenticate(entry, state.behaviour);
    const request = parseMessageRequest(body);
    const fault = takeFault(exchange, state);
    if (fault?.kind === 'cutBeforeHeaders') {
      await exchange.cut();
      return;
    }
    throwFault(fault, request);
    await answerAdmitted(exchange, state, request, fault);
  } catch (error) {
    if (error instanceof AnthropicError) {
      countRefusal(error, exchange, state);
    }
    throw error;
  }
}

function takeFault({ entry }: Exchange, state: UpstreamState): ForcedFault | undefined {
  const fault = state.faults.take();
  if (fault !== undefined) {
    entry.fault = fault.kind;
    state.log.count(entry, 'faults');
  }
  return fault;
}

function throwFault(fault: ForcedFault | undefined, request: MessageRequest): void {
  if (fault?.kind === 'status') {
    throw statusFaultError(fault);
  }
  if (fault?.kind === 'errorEvent' && !request.stream) {
    throw eventFaultError(fault);
  }
}

function countRefusal(error: AnthropicError, exchange: Exchange, state: UpstreamState): void {
  if (error.status === 401) {
    state.log.count(exchange.entry, 'answered401');
    return;
  }
  if (error.status === 429) {
    state.log.count(exchange.entry, 'answered429');
  }
  setLimitHeaders(exchange, state);
}

/** The API sends its limits with every answer to a key that it knows. */
function setLimitHeaders(exchange: Exchange, state: UpstreamState): void {
  const { unified } = state.behaviour;
  exchange.setHeaders({ ...state.limits.headers(state.now()), ...(unified === null ? {} : unifiedHeaders(unified)) });
}

async function answerAdmitted(
  exchange: Exchange,
  state: UpstreamState,
  request: MessageRequest,
  fault: ForcedFault | undefined,
): Promise<void> {
  const input = state.cache.measure(exchange.entry.key, request);
  state.limits.admit(countedInputTokens(input.usage), request.model, state.now());
  input.remember();
  setLimitHeaders(exchange, state);
  const { behaviour } = state;
  const answer: PlannedAnswer = {
    message: composeMessage(request, behaviour, input.usage),
    behaviour,
    delays: delaysOf(behaviour, fault),
    fault,
  };
  if (answer.delays.beforeHeadersMs > 0) {
    await wait(answer.delays.beforeHeadersMs, undefined, { signal: exchange.signal });
  }
  exchange.signal.throwIfAborted();
  await (request.stream ? sendMessageStream : sendMessageJson)(exchange, state, answer);
}

function delaysOf({ delays }: UpstreamBehaviour, fault: ForcedFault | undefined): AnswerDelays {
  return fault?.kind === 'slow'
    ? {
        beforeHeadersMs: fault.beforeHeadersMs ?? delays.beforeHeadersMs,
        betweenEventsMs: fault.betweenEventsMs ?? delays.betweenEventsMs,
      }
    : delays;
}

async function sendMessageJson(
  exchange: Exchange,
  state: UpstreamState,
  { message, fault }: PlannedAnswer,
): Promise<void> {
  state.limits.chargeOutput(message.usage.outputTokens, state.now());
  state.log.countUsage(exchange.entry, message.usage);
  if (fault?.kind !== 'cutMidStream') {
    await exchange.sendJson(200, messageJson(message));
    return;
  }
  const text = JSON.stringify(messageJson(message));
  const body = exchange.startBody(200, 'application/json');
  await sendHalf(exchange, body, text);
}

async function sendHalf(exchange: Exchange, body: EncodedBody, text: string): Promise<void> {
  try {
    await body.write(text.slice(0, text.length / 2));
    await exchange.cut(body);
  } finally {
    body.dispose();
  }
}
