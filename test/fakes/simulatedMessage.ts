import type { MessageRequest } from './messageRequest.ts';
import { type MessageUsage, wireDeltaUsage, wireUsage } from './messageUsage.ts';
import type { SimulatedToolUse, UpstreamBehaviour } from './upstreamBehaviour.ts';
import { uniqueId } from './uniqueId.ts';

const SENTENCE = 'Hello from the simulated upstream.';
const THOUGHT = 'A greeting is all that is asked for.';
const SIGNATURE = Buffer.from('signed by the simulated upstream').toString('base64');

/** Output tokens that `message_start` reports, as the real API does for most answers. */
const OUTPUT_TOKENS_AT_START = 1;

/** A content block, whole. */
type ContentBlock =
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'text'; readonly text: string }
  | ({ readonly type: 'tool_use'; readonly id: string } & SimulatedToolUse);

/** An answer to `POST /v1/messages`, before it is known whether it goes out as JSON or as a stream. */
export interface SimulatedMessage {
  readonly id: string;
  readonly model: string;
  readonly content: readonly ContentBlock[];
  readonly stopReason: 'end_turn' | 'max_tokens' | 'tool_use';
  /** Whole, output included. */
  readonly usage: MessageUsage;
}

/** One SSE event. */
export interface MessageEvent {
  readonly name: string;
  readonly data: object;
  /** The cumulative output tokens that this event reports, if it reports any. */
  readonly outputTokens?: number;
}

/** Composes the answer that the behaviour asks for. */
export function composeMessage(
  request: MessageRequest,
  behaviour: UpstreamBehaviour,
  input: MessageUsage,
): SimulatedMessage {
  const { thinking, toolUse } = behaviour;
  const content: ContentBlock[] = [];
  if (thinking) {
    content.push({ type: 'thinking', thinking: THOUGHT, signature: SIGNATURE });
  }
  content.push({ type: 'text', text: SENTENCE.repeat(Math.ceil(behaviour.deltaEvents / SENTENCE.length)) });
  const callsTool = toolUse !== null && request.toolNames.includes(toolUse.name) && !request.bringsToolResult;
  if (callsTool) {
    content.push({ type: 'tool_use', id: uniqueId('toolu_01'), ...toolUse });
  }
  const isCutOff = behaviour.outputTokens > request.maxTokens;
  return {
    id: uniqueId('msg_01'),
    model: request.model,
    content,
    stopReason: isCutOff ? 'max_tokens' : callsTool ? 'tool_use' : 'end_turn',
    usage: { ...input, outputTokens: Math.min(behaviour.outputTokens, request.maxTokens) },
  };
}

/** The body of a JSON answer. */
export function messageJson(message: SimulatedMessage): object {
  return {
    ...messageHead(message),
    content: message.content,
    stop_reason: message.stopReason,
    stop_sequence: null,
    usage: wireUsage(message.usage),
  };
}

/** The events of a streamed answer, in order (API documentation, "Streaming messages"). */
export function messageEvents(message: SimulatedMessage, behaviour: UpstreamBehaviour): readonly MessageEvent[] {
  const blocks = message.content.flatMap((block, index) => blockEvents(block, index, behaviour.deltaEvents));
  const ping: MessageEvent = { name: 'ping', data: { type: 'ping' } };
  return [
    startEvent(message),
    ...blocks.slice(0, 1),
    ping,
    ...blocks.slice(1),
    ...messageDeltas(message, behaviour.messageDeltas),
    { name: 'message_stop', data: { type: 'message_stop' } },
  ];
}

function messageHead({ id, model }: SimulatedMessage): object {
  return { model, id, type: 'message', role: 'assistant' };
}

function startEvent(message: SimulatedMessage): MessageEvent {
  const usage = wireUsage({ ...message.usage, outputTokens: OUTPUT_TOKENS_AT_START });
  return {
    name: 'message_start',
    data: {
      type: 'message_start',
      message: { ...messageHead(message), content: [], stop_reason: null, stop_sequence: null, usage },
    },
    outputTokens: OUTPUT_TOKENS_AT_START,
  };
}

function messageDeltas(message: SimulatedMessage, count: number): readonly MessageEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const isLast = index === count - 1;
    const outputTokens = Math.max(
      OUTPUT_TOKENS_AT_START,
      Math.floor((message.usage.outputTokens * (index + 1)) / count),
    );
    return {
      name: 'message_delta',
      data: {
        type: 'message_delta',
        delta: { stop_reason: isLast ? message.stopReason : null, stop_sequence: null },
        usage: wireDeltaUsage({ ...message.usage, outputTokens }),
      },
      outputTokens,
    };
  });
}

function blockEvents(block: ContentBlock, index: number, deltaEvents: number): readonly MessageEvent[] {
  return [
    { name: 'content_block_start', data: { type: 'content_block_start', index, content_block: emptied(block) } },
    ...deltasOf(block, deltaEvents).map((delta) => ({
      name: 'content_block_delta',
      data: { type: 'content_block_delta', index, delta },
    })),
    { name: 'content_block_stop', data: { type: 'content_block_stop', index } },
  ];
}

function emptied(block: ContentBlock): ContentBlock {
  switch (block.type) {
    case 'thinking':
      return { ...block, thinking: '', signature: '' };
    case 'text':
      return { ...block, text: '' };
    case 'tool_use':
      return { ...block, input: {} };
  }
}

function deltasOf(block: ContentBlock, deltaEvents: number): readonly object[] {
  switch (block.type) {
    case 'thinking':
      return [
        ...pieces(block.thinking, 2).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: block.signature },
      ];
    case 'text':
      return pieces(block.text, deltaEvents).map((text) => ({ type: 'text_delta', text }));
    case 'tool_use':
      return pieces(JSON.stringify(block.input), 2).map((json) => ({ type: 'input_json_delta', partial_json: json }));
  }
}

/** Cuts a text that is at least `count` long into `count` pieces, none of them empty. */
function pieces(text: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) =>
    text.slice(Math.floor((text.length * index) / count), Math.floor((text.length * (index + 1)) / count)),
  );
}
