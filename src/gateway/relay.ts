import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { LimitReport, RequestAdmission } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { agentHeaders, tellOfRetry } from './agentHeaders.ts';
import { answerPatience } from './answerPatience.ts';
import { AnswerFlow } from './answerFlow.ts';
import { BatchResults } from './batchResults.ts';
import { ClientGoneError } from '../loopback/clientGoneError.ts';
import { cutAnswer, endsWithConnection } from './cutAnswer.ts';
import { endAnswer, isStillSending } from '../loopback/endAnswer.ts';
import { errorEvent, EventStreamTail, UnfinishedStreamError } from './eventStreamTail.ts';
import { headerValue } from '../loopback/headerValue.ts';
import { holdsKey } from './holdsKey.ts';
import { makeLastAnswer } from '../loopback/lastAnswer.ts';
import { readLimitReport } from './limitReport.ts';
import { rawHeaderList } from './rawHeaderList.ts';
import { type BodyPace, RequestBody, SlowBodyError } from './requestBody.ts';
import { refusal } from '../loopback/requestGuard.ts';
import { sendAnswer } from '../loopback/sendAnswer.ts';
import type { Settlement } from './settlement.ts';
import { describeUpstreamFailure, type FailurePhase, isLengthWithoutBody } from './upstreamFailure.ts';
import { problemOfStreamError, type UpstreamHealthWatch } from './upstreamHealth.ts';
import type { UpstreamAddress } from './upstreamTarget.ts';
import { upstreamHeaders } from './upstreamHeaders.ts';
import { UsageReader } from './usageReader.ts';

/** What is known of a request when it is admitted. */
export interface AdmittedRequest {
  /** Whether it asks for a message. */
  readonly usesTokens: boolean;
  /** Whose it is, where it reads the results of a batch. */
  readonly batchReader?: string;
  /** The model that it asks for, where that is known. */
  readonly model: string | undefined;
  /** Length of its body in bytes; undefined when it is not announced. */
  readonly bodyBytes: number | undefined;
  /** What was taken of its body already. */
  readonly begin: Buffer | undefined;
  readonly settlement: Settlement;
}

/** An admitted request and what is needed to serve it. */
export interface RelayedRequest extends AdmittedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: UpstreamAddress;
  /** Of the request, with its query, below the upstream's base path. */
  readonly path: string;
  readonly token: string;
  /** When it came: milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** What all relays share. */
export interface RelayContext {
  readonly admission: Pick<RequestAdmission, 'observe' | 'bookBatch'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: UpstreamHealthWatch;
}

/** Clients on this machine have their bodies ready; who has not sent so much in a minute holds quota for nothing. */
const bodyPace: BodyPace = { bytes: 16 * 1024, withinMs: 60_000 };

/** One request on its way to the upstream and its answer on the way back, byte for byte, metered as it passes. */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #context: RelayContext;
  readonly #relayed: RelayedRequest;
  readonly #over = Promise.withResolvers<undefined>();
  #isOver = false;
  #controller: Dispatcher.DispatchController | undefined;
  #body: RequestBody | undefined;
  #reader: UsageReader | undefined;
  #batch: BatchResults | undefined;
  readonly #flow = new AnswerFlow();
  #tail: EventStreamTail | undefined;
  #limits: LimitReport | undefined;
  #status: number | undefined;
  #requestId: string | undefined;
  #lengthIsKnown = false;
  #bodyHasBegun = false;

  constructor(context: RelayContext, relayed: RelayedRequest) {
    this.#context = context;
    this.#relayed = relayed;
  }

  /** @returns resolves when the request is over and its reservation ended, however that came. Never rejects. */
  run(dispatcher: Dispatcher): Promise<void> {
    const { request, address, path, token, receivedAt } = this.#relayed;
    const headersTimeout = answerPatience(request.rawHeaders, this.#context.clock.now() - receivedAt);
    try {
      dispatcher.dispatch(
        {
          origin: address.origin,
          path: address.basePath + path,
          method: request.method ?? 'GET',
          headers: upstreamHeaders(request.rawHeaders, token, address.key),
          body: this.#takeBody(),
          ...(headersTimeout !== undefined && { headersTimeout }),
        },
        this,
      );
    } catch (error) {
      this.#fail(error);
    }
    return this.#over.promise;
  }

  /** The agent has gone, or the gateway closes: the upstream's work is stopped at once. */
  abort(): void {
    if (this.#isOver) return;
    this.#conclude();
    this.#body?.destroy();
    this.#controller?.abort(new ClientGoneError());
    const { response } = this.#relayed;
    if (endsWithConnection(response, this.#lengthIsKnown)) response.socket?.resetAndDestroy();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new ClientGoneError());
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    received: Parameters<typeof rawHeaderList>[0],
    statusMessage?: string,
  ): void {
    if (status < 200 || this.#isOver) return;
    const { request, response, address, path, settlement, usesTokens } = this.#relayed;
    const rawHeaders = rawHeaderList(controller.rawHeaders ?? received);
    this.#status = status;
    this.#requestId = headerValue(rawHeaders, 'request-id');
    this.#context.health.answered(address, status, path);
    settlement.answered();
    if (usesTokens && status < 300) {
      this.#reader = new UsageReader(rawHeaders, (usage) => {
        settlement.metered(usage);
        this.#tellLimits();
      });
    }
    if (status < 300) this.#batch = this.#batchResults(rawHeaders);
    this.#readLimits(status, rawHeaders);
    this.#tail = EventStreamTail.of(rawHeaders);
    this.#lengthIsKnown = headerValue(rawHeaders, 'content-length') !== undefined;
    response.sendDate = false;
    if (isStillSending(request)) makeLastAnswer(request, response);
    const reason = isSendableReason(statusMessage ?? '', address.key) ? statusMessage : undefined;
    const headers = agentHeaders(rawHeaders, address.key);
    // A login is its agent's to renew, upon which it asks again.
    if (status === 401 && address.key !== undefined) tellOfRetry(headers, address.renews);
    response.writeHead(status, reason, headers);
    // Headers that come with the begin of the body leave in one packet with it.
    process.nextTick(() => {
      if (!this.#bodyHasBegun && !this.#isOver) response.flushHeaders();
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#bodyHasBegun = true;
    this.#reader?.push(chunk);
    this.#tail?.push(chunk);
    const { response } = this.#relayed;
    if (!response.write(chunk)) this.#flow.hold(controller, (goOn) => response.once('drain', goOn));
    const counted = this.#batch?.push(chunk);
    if (counted !== undefined) this.#flow.hold(controller, (goOn) => void counted.then(goOn));
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    const ofMessage = this.#reader !== undefined && this.#reader.streamError === undefined;
    if (ofMessage && this.#tail?.endsTooSoon === true) {
      this.#fail(new UnfinishedStreamError());
      return;
    }
    this.#body?.destroy();
    endAnswer(this.#relayed.request, this.#relayed.response, this.#context.clock);
    this.#conclude();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (isLengthWithoutBody(error, this.#status)) this.onResponseEnd();
    else this.#fail(error);
  }

  /** A body that has come whole while its request waited goes out in one piece. */
  #takeBody(): Buffer | RequestBody | null {
    const { request, begin, bodyBytes } = this.#relayed;
    if (begin !== undefined && begin.length === bodyBytes) {
      request.resume();
      return begin;
    }
    if (request.complete) {
      const rest = request.read() as Buffer | null;
      return begin === undefined || rest === null ? (begin ?? rest) : Buffer.concat([begin, rest]);
    }
    if (!isStillSending(request)) return null;
    this.#body = new RequestBody(request, begin, this.#context.clock, bodyPace);
    return this.#body;
  }

  #batchResults(rawHeaders: readonly string[]): BatchResults | undefined {
    const { batchReader, settlement } = this.#relayed;
    if (batchReader === undefined) return undefined;
    const { admission, clock } = this.#context;
    return new BatchResults(rawHeaders, clock, (messages) =>
      settlement.tell(() => admission.bookBatch(batchReader, messages)),
    );
  }

  /** Limits are each model's own: where only the answer names the model, they wait for that. */
  #readLimits(status: number, rawHeaders: readonly string[]): void {
    const { usesTokens: isMessage, model } = this.#relayed;
    this.#limits = readLimitReport({ status, rawHeaders, isMessage, model }, this.#context.clock.now());
    if (this.#reader === undefined || model !== undefined) this.#tellLimits();
  }

  #tellLimits(): void {
    const limits = this.#limits;
    if (limits === undefined) return;
    this.#limits = undefined;
    const report = { ...limits, model: limits.model ?? this.#reader?.model };
    void this.#relayed.settlement.tell(() => this.#context.admission.observe(report));
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    const { request, response, address } = this.#relayed;
    const { clock, health, logger } = this.#context;
    this.#conclude();
    this.#body?.destroy();
    if (error instanceof ClientGoneError) {
      if (response.headersSent) cutAnswer(response, this.#lengthIsKnown, clock);
      return;
    }
    if (error instanceof SlowBodyError && !response.headersSent) {
      sendAnswer(request, response, refusal(408, 'Less than 16 KB of its body came in a minute.'), clock);
      return;
    }
    const { problem, status } = describeUpstreamFailure(error, address.host, this.#phase);
    logger.warn(`${problem.message} (${String(error)})`);
    if (!(error instanceof SlowBodyError)) health.failed(address, problem);
    const message = `${problem.message} This is neither your agent nor your quota. ${problem.nextStep}`;
    if (response.headersSent) this.#breakOff(message);
    else sendAnswer(request, response, { status, type: 'api_error', message, retry: 'freely' }, clock);
  }

  get #phase(): FailurePhase {
    if (this.#status !== undefined) return 'answering';
    return this.#controller === undefined ? 'connecting' : 'waiting';
  }

  /** The answer is cut, so that no end looks clean; a stream says why before, where an event fits behind what has come. */
  #breakOff(message: string): void {
    const { response } = this.#relayed;
    if (response.chunkedEncoding && this.#tail?.takesEvent === true) response.write(errorEvent(message));
    cutAnswer(response, this.#lengthIsKnown, this.#context.clock);
  }

  #conclude(): void {
    this.#isOver = true;
    void this.#settle().then(() => {
      this.#over.resolve(undefined);
    });
  }

  async #settle(): Promise<void> {
    const reader = this.#reader;
    const unsent = this.#body?.readableEnded === false;
    await reader?.end();
    await this.#batch?.end();
    this.#tellLimits();
    if (reader?.streamError !== undefined) {
      const { address } = this.#relayed;
      this.#context.logger.info(`${address.host} ended a stream with ${reader.streamError}.`);
      const problem = problemOfStreamError(reader.streamError, address.host);
      if (problem !== undefined) this.#context.health.failed(address, problem);
    }
    const outcome = {
      usage: reader?.usage,
      model: reader?.model,
      requestId: this.#requestId,
      status: this.#status,
      ...(unsent && { unsent }),
    };
    // Nothing was written to the upstream before it gave its controller.
    await this.#relayed.settlement.end(this.#controller === undefined ? undefined : outcome);
  }
}

/** Whether an answer's reason phrase may go on as it is. */
function isSendableReason(reason: string, key: string | undefined): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(reason) && !holdsKey(reason, key);
}
