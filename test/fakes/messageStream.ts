import { setTimeout as wait } from 'node:timers/promises';

import type { EncodedBody } from './encodedBody.ts';
import type { Exchange } from './exchange.ts';
import { eventFaultError } from './faultError.ts';
import type { PlannedAnswer } from './plannedAnswer.ts';
import { type MessageEvent, messageEvents, type SimulatedMessage } from './simulatedMessage.ts';
import type { ForcedFault } from './upstreamBehaviour.ts';
import type { UpstreamState } from './upstreamState.ts';

/** Past message_start, content_block_start and ping: a client has begun, and has no final usage yet. */
const DEFAULT_EVENTS_BEFORE_FAULT = 3;

/**
 * Sends a message as server-sent events, and counts its tokens as they leave.
 *
 * @throws AbortError when the client goes away
 */
export async function sendMessageStream(
  exchange: Exchange,
  state: UpstreamState,
  { message, behaviour, delays, fault }: PlannedAnswer,
): Promise<void> {
  exchange.setHeaders({ 'cache-control': 'no-cache' });
  const body = exchange.startBody(200, 'text/event-stream; charset=utf-8');
  const events = messageEvents(message, behaviour);
  try {
    for (const [index, event] of events.slice(0, eventsBefore(fault)).entries()) {
      if (index > 0 && delays.betweenEventsMs > 0) {
        await wait(delays.betweenEventsMs, undefined, { signal: exchange.signal });
      }
      exchange.signal.throwIfAborted();
      // Counted first, so that whoever has read the event finds it counted.
      countEvent(event, exchange, state, message);
      await body.write(serverSentEvent(event));
    }
    await finish(exchange, body, fault);
  } finally {
    body.dispose();
  }
}

function eventsBefore(fault: ForcedFault | undefined): number {
  return fault?.kind === 'errorEvent' || fault?.kind === 'cutMidStream'
    ? (fault.afterEvents ?? DEFAULT_EVENTS_BEFORE_FAULT)
    : Infinity;
}

function countEvent(event: MessageEvent, exchange: Exchange, state: UpstreamState, message: SimulatedMessage): void {
  if (event.outputTokens !== undefined) {
    const alreadySent = exchange.entry.usage?.outputTokens ?? 0;
    state.limits.chargeOutput(event.outputTokens - alreadySent, state.now());
    state.log.countUsage(exchange.entry, { ...message.usage, outputTokens: event.outputTokens });
  }
}

async function finish(exchange: Exchange, body: EncodedBody, fault: ForcedFault | undefined): Promise<void> {
  if (fault?.kind === 'cutMidStream') {
    await exchange.cut(body);
    return;
  }
  if (fault?.kind === 'errorEvent') {
    const data = eventFaultError(fault).body(exchange.entry.requestId);
    await body.write(serverSentEvent({ name: 'error', data }));
  }
  await body.end();
}

function serverSentEvent({ name, data }: MessageEvent): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
