import { AnthropicError } from './anthropicError.ts';
import { isJsonObject, jsonObjectsOf, type JsonObject } from './jsonObject.ts';

/** Where a client asked for the prompt to be cached, and for how long. */
export type CacheLifetime = '5m' | '1h';

/** One tool, system block or content block of a prompt, in the order in which prompts are cached. */
export interface PromptBlock {
  /** The block as JSON, without its `cache_control`, so that a moved breakpoint does not change it. */
  readonly text: string;
  /** Set if the block ends with a cache breakpoint. */
  readonly cached: CacheLifetime | undefined;
}

/** What the simulated upstream needs of a `POST /v1/messages` body. */
export interface MessageRequest {
  readonly model: string;
  readonly maxTokens: number;
  readonly stream: boolean;
  readonly bodyBytes: number;
  readonly toolNames: readonly string[];
  /** Whether the last message brings the result of a tool. */
  readonly bringsToolResult: boolean;
  /** Empty if the body asks for no caching. */
  readonly cacheableBlocks: () => readonly PromptBlock[];
}

/**
 * Reads the body of `POST /v1/messages`.
 *
 * @throws AnthropicError 400, worded as the API words it
 */
export function parseMessageRequest(body: Buffer): MessageRequest {
  const json = parsePrompt(body);
  const maxTokens = json['max_tokens'];
  if (typeof maxTokens !== 'number') {
    throw new AnthropicError('invalid_request_error', 'max_tokens: Field required');
  }
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new AnthropicError('invalid_request_error', 'max_tokens: Input should be greater than or equal to 1');
  }
  const messages = jsonObjectsOf(json['messages']);
  return {
    model: String(json['model']),
    maxTokens,
    stream: json['stream'] === true,
    bodyBytes: body.length,
    toolNames: jsonObjectsOf(json['tools']).flatMap(({ name }) => (typeof name === 'string' ? [name] : [])),
    bringsToolResult: contentBlocks(messages.at(-1)).some(({ type }) => type === 'tool_result'),
    cacheableBlocks: () => (body.includes('"cache_control"') ? promptBlocks(json, messages) : []),
  };
}

/**
 * Reads the body of `POST /v1/messages/count_tokens`, or what `POST /v1/messages` has in common with it.
 *
 * @throws AnthropicError 400
 */
export function parsePrompt(body: Buffer): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    throw new AnthropicError('invalid_request_error', 'The request body is not valid JSON.');
  }
  if (!isJsonObject(json)) {
    throw new AnthropicError('invalid_request_error', 'Input should be a valid dictionary');
  }
  if (typeof json['model'] !== 'string' || json['model'] === '') {
    throw new AnthropicError('invalid_request_error', 'model: Field required');
  }
  if (!Array.isArray(json['messages'])) {
    throw new AnthropicError('invalid_request_error', 'messages: Field required');
  }
  if (json['messages'].length === 0) {
    throw new AnthropicError('invalid_request_error', 'messages: at least one message is required');
  }
  return json;
}

/** Prompts are cached in the order tools, system, messages (API documentation, "Prompt caching"). */
function promptBlocks(json: JsonObject, messages: readonly JsonObject[]): readonly PromptBlock[] {
  const blocks = [
    ...jsonObjectsOf(json['tools']).map((block) => promptBlock('tools', block)),
    ...contentBlocks({ content: json['system'] }).map((block) => promptBlock('system', block)),
    ...messages.flatMap((message) =>
      contentBlocks(message).map((block) => promptBlock(String(message['role']), block)),
    ),
  ];
  const last = blocks.pop();
  return last === undefined ? [] : [...blocks, { ...last, cached: last.cached ?? lifetimeOf(json) }];
}

function promptBlock(place: string, block: JsonObject): PromptBlock {
  return {
    text: place + JSON.stringify({ ...block, cache_control: undefined }),
    cached: lifetimeOf(block),
  };
}

function lifetimeOf({ cache_control: control }: JsonObject): CacheLifetime | undefined {
  if (!isJsonObject(control)) {
    return undefined;
  }
  return control['ttl'] === '1h' ? '1h' : '5m';
}

/** A string content is the same prompt as one text block of it. */
function contentBlocks(message: JsonObject | undefined): readonly JsonObject[] {
  const content = message?.['content'];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : jsonObjectsOf(content);
}
