import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { parseBehaviourChange } from './behaviourParser.ts';
import type { UpstreamState } from './upstreamState.ts';

/** Paths under it are for tests in other processes; they are neither logged nor counted. */
export const CONTROL_PREFIX = '/_simulated/';

/**
 * `GET /_simulated/served`: a `Served`; `GET /_simulated/requests`: the log's `ServedRequest`s without bodies;
 * `GET /_simulated/behaviour`: the `UpstreamBehaviour`; `POST /_simulated/behaviour`: changes the fields in the JSON
 * body and answers with the whole, or 400 with `{"error": "…"}`.
 */
export async function answerControl(
  request: IncomingMessage,
  response: ServerResponse,
  state: UpstreamState,
): Promise<void> {
  const body = await text(request);
  switch (`${request.method ?? ''} ${request.url ?? ''}`) {
    case 'GET /_simulated/served':
      sendJson(response, 200, state.log.served());
      return;
    case 'GET /_simulated/requests':
      sendJson(
        response,
        200,
        state.log.requests.map((entry) => ({ ...entry, body: undefined })),
      );
      return;
    case 'GET /_simulated/behaviour':
      sendJson(response, 200, state.behaviour);
      return;
    case 'POST /_simulated/behaviour':
      changeBehaviour(body, response, state);
      return;
    default:
      sendJson(response, 404, { error: 'There is no such control endpoint.' });
  }
}

function changeBehaviour(body: string, response: ServerResponse, state: UpstreamState): void {
  try {
    state.behave(parseBehaviourChange(JSON.parse(body)));
  } catch (error) {
    sendJson(response, 400, { error: String(error) });
    return;
  }
  sendJson(response, 200, state.behaviour);
}

function sendJson(response: ServerResponse, status: number, json: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}
