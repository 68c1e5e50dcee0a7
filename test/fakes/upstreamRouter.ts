import { AnthropicError } from './anthropicError.ts';
import { authenticate } from './authentication.ts';
import { answerBatches, isBatchPath } from './batchesEndpoint.ts';
import type { Exchange } from './exchange.ts';
import { parsePrompt } from './messageRequest.ts';
import { answerMessages } from './messagesEndpoint.ts';
import { modelById, modelPage } from './modelCatalogue.ts';
import { inputTokensOf } from './promptCache.ts';
import type { UpstreamState } from './upstreamState.ts';

/** Answers a request to the API; whatever goes wrong is answered too, unless the client is gone. */
export async function answerApiRequest(exchange: Exchange, state: UpstreamState, path: URL): Promise<void> {
  try {
    await route(exchange, state, path);
  } catch (error) {
    if (exchange.signal.aborted) {
      return;
    }
    if (!(error instanceof AnthropicError)) {
      throw error;
    }
    await exchange.sendError(error);
  }
}

async function route(exchange: Exchange, state: UpstreamState, { pathname, searchParams }: URL): Promise<void> {
  const { method } = exchange.entry;
  if (method === 'POST' && pathname === '/v1/messages') {
    await answerMessages(exchange, state);
    return;
  }
  const body = await exchange.readBody();
  if (method === 'HEAD' && pathname === '/api/hello') {
    exchange.sendEmpty(200);
    return;
  }
  if (method === 'POST' && pathname.startsWith('/api/eval/')) {
    await exchange.sendJson(200, featureFlags);
    return;
  }
  if (method === 'POST' && pathname === '/v1/messages/count_tokens') {
    authenticate(exchange.entry, state.behaviour);
    parsePrompt(body);
    await exchange.sendJson(200, { input_tokens: inputTokensOf(body.length) });
    return;
  }
  if (isBatchPath(pathname)) {
    await answerBatches(exchange, state, pathname, body);
    return;
  }
  if (method === 'GET' && pathname === '/v1/models') {
    authenticate(exchange.entry, state.behaviour);
    await exchange.sendJson(200, modelPage(searchParams));
    return;
  }
  const modelId = /^\/v1\/models\/([^/]+)$/.exec(pathname)?.[1];
  if (method === 'GET' && modelId !== undefined) {
    authenticate(exchange.entry, state.behaviour);
    await exchange.sendJson(200, modelById(modelId));
    return;
  }
  throw new AnthropicError('not_found_error', 'Not found');
}

/**
 * What Claude Code asks for when it starts at api.anthropic.com: features that are switched from there. Its documentation
 * ("Environment variables") has this one on for the Anthropic API.
 */
const featureFlags = { features: { tengu_fgts: { defaultValue: true } }, experiments: [] };
