import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';

/** The `error.type` that goes with an answer. Source: API documentation, "Errors". */
export type AnswerType =
  'invalid_request_error' | 'authentication_error' | 'permission_error' | 'rate_limit_error' | 'api_error';

/** An answer of Agent Quota's own. Its message says what to do. */
export interface LoopbackAnswer {
  readonly status: number;
  readonly type: AnswerType;
  readonly message: string;
  /**
   * Whether asking again makes sense: never (sent as `x-should-retry: false`, upon which Claude Code shows the message
   * at once), whenever the client likes, or after so many seconds (sent as `retry-after`).
   */
  readonly retry: 'never' | 'freely' | { readonly afterSeconds: number };
}

/** An answer as it goes out. */
export interface EncodedAnswer {
  /** Alternating names and values, without `connection`. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly requestId: string;
}

/** Shapes an answer as the Messages API shapes its errors; the `agent-quota-` request id tells it from the upstream's. */
export function encodeAnswer(answer: LoopbackAnswer): EncodedAnswer {
  const requestId = `agent-quota-${randomBytes(9).toString('base64url')}`;
  const error = { type: answer.type, message: answer.message };
  const body = Buffer.from(JSON.stringify({ type: 'error', error, request_id: requestId }));
  const headers = [
    ...['content-type', 'application/json'],
    ...['content-length', String(body.length)],
    ...['cache-control', 'no-store'],
    ...['request-id', requestId],
  ];
  if (answer.retry === 'never') headers.push('x-should-retry', 'false');
  else if (answer.retry !== 'freely') headers.push('retry-after', String(Math.ceil(answer.retry.afterSeconds)));
  return { headers, body, requestId };
}

/** The whole answer as bytes, for a connection on which there is no request to answer by. It announces the close. */
export function rawAnswer(answer: LoopbackAnswer): Buffer {
  const { headers, body } = encodeAnswer(answer);
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Error'}`, 'connection: close'];
  for (let index = 0; index < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}
