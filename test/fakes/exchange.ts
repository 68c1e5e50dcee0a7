import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

import { AnthropicError } from './anthropicError.ts';
import { EncodedBody, negotiateCoding } from './encodedBody.ts';
import type { ServedEntry } from './servedLog.ts';
import { uniqueId } from './uniqueId.ts';
import type { UpstreamState } from './upstreamState.ts';

/** The API's own bound on a request (API documentation, "Errors": 413 above 32 MB). */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** One request to the simulated API and its answer, logged from the request's headers on. */
export class Exchange {
  readonly entry: ServedEntry;
  /** Aborts when the client is gone before the answer is complete, or the answer is cut. */
  readonly signal: AbortSignal;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #state: UpstreamState;
  #isCut = false;

  constructor(request: IncomingMessage, response: ServerResponse, state: UpstreamState) {
    const requestId = uniqueId('req_01');
    this.#request = request;
    this.#response = response;
    this.#state = state;
    this.entry = {
      at: state.now(),
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      bodyBytes: 0,
      body: undefined,
      key: keyOf(request.headers),
      status: undefined,
      requestId,
      usage: undefined,
      fault: undefined,
      aborted: false,
    };
    state.log.add(this.entry);
    response.setHeader('request-id', requestId);
    response.setHeader('anthropic-organization-id', state.organizationId);
    const gone = new AbortController();
    this.signal = gone.signal;
    response.on('close', () => {
      this.entry.aborted = !response.writableFinished && !this.#isCut;
      gone.abort();
    });
  }

  /**
   * The request's whole body.
   *
   * @throws AnthropicError 413
   */
  async readBody(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#request as AsyncIterable<Buffer>) {
      this.entry.bodyBytes += chunk.length;
      if (this.entry.bodyBytes <= MAX_BODY_BYTES) {
        chunks.push(chunk);
      }
    }
    if (this.entry.bodyBytes > MAX_BODY_BYTES) {
      throw new AnthropicError('request_too_large', 'Request exceeds the maximum size');
    }
    const body = Buffer.concat(chunks);
    if (this.#state.log.keepBodies) {
      this.entry.body = body;
    }
    return body;
  }

  /** Headers of the answer, whatever it will be. */
  setHeaders(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) {
      this.#response.setHeader(name, value);
    }
  }

  /** Sends the answer's head; its body is the caller's to write and to dispose. */
  startBody(status: number, contentType: string): EncodedBody {
    const coding = negotiateCoding(this.#state.behaviour.compression, this.entry.headers);
    if (coding !== 'identity') {
      this.setHeaders({ 'content-encoding': coding, vary: 'Accept-Encoding' });
    }
    this.entry.status = status;
    this.#response.writeHead(status, { 'content-type': contentType });
    return new EncodedBody(this.#response, coding, this.signal);
  }

  /** A whole answer. */
  async sendJson(status: number, json: object): Promise<void> {
    const body = this.startBody(status, 'application/json');
    await body.end(JSON.stringify(json));
  }

  async sendError(error: AnthropicError): Promise<void> {
    this.setHeaders(error.headers);
    await this.sendJson(error.status, error.body(this.entry.requestId));
  }

  /** An answer of headers only. */
  sendEmpty(status: number): void {
    this.entry.status = status;
    this.#response.writeHead(status).end();
  }

  /** Ends the connection in the middle of the answer, on purpose, once what was written of `body` has left. */
  async cut(body?: EncodedBody): Promise<void> {
    this.#isCut = true;
    if (body === undefined) {
      this.#response.destroy();
    } else {
      await body.cut();
    }
  }
}

/** `x-api-key`, or a bearer token: of subscription logins, and of SDKs since API version 2026-10-21 for API keys too. */
function keyOf(headers: IncomingHttpHeaders): string {
  const apiKey = headers['x-api-key'];
  return typeof apiKey === 'string' ? apiKey : (/^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '');
}
