import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { KnownOwner, RequestAdmission } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import type { FirstConfiguration } from '../core/firstConfiguration.ts';
import type { Logger } from '../core/logger.ts';
import { ClientGoneError } from '../loopback/clientGoneError.ts';
import { endAnswer, isStillSending } from '../loopback/endAnswer.ts';
import { makeLastAnswer } from '../loopback/lastAnswer.ts';
import { sendAnswer } from '../loopback/sendAnswer.ts';
import { observerAnswers } from './observerAnswers.ts';
import type { LogsIntake } from './logsIntake.ts';
import type { IntakeHandler, ObserverIntake } from './observerIntake.ts';
import type { ObserverRoute } from './observerRoute.ts';
import { otlpEncodingOf } from './otlpEncoding.ts';
import { checkAnnounced, readReportBody, RefusedReportError } from './reportBody.ts';
import { tellsOfRequest } from './telemetryEvent.ts';

/** What all reports of a server share. */
export interface ObserverContext {
  readonly sessions: Pick<RequestAdmission, 'ownerOfToken'>;
  /** What sessions report is taken in by the plan that holds, so not before it is known. */
  readonly configured: Pick<FirstConfiguration, 'soon'>;
  /** Sessions that are not known now may be later. */
  readonly sessionsMayReturn: boolean;
  readonly intake: ObserverIntake;
  readonly logs: LogsIntake;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What is known of a report by its first lines. */
export interface ReportHead {
  readonly token: string;
  readonly route: ObserverRoute;
  /** The body comes only when it is asked for. */
  readonly expectsContinue: boolean;
}

/** An answer as it goes out. */
interface ReportAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly body?: Buffer;
}

/** One report from its head to its answer. */
export class ObserverExchange {
  readonly #context: ObserverContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #head: ReportHead;
  readonly #gone = new AbortController();

  constructor(context: ObserverContext, request: IncomingMessage, response: ServerResponse, head: ReportHead) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#head = head;
  }

  get socket(): Duplex {
    return this.#request.socket;
  }

  /** @returns resolves when the report is answered or its agent gone. Never rejects. */
  async run(): Promise<void> {
    const { socket } = this;
    socket.once('close', this.abort);
    try {
      this.#answer(await this.#serve());
    } catch (error) {
      if (error instanceof RefusedReportError) this.#refuse(error);
      else if (!this.#gone.signal.aborted && !(error instanceof ClientGoneError)) {
        this.#context.logger.error('A report of an agent could not be taken in.', error);
        this.#refuse(new RefusedReportError(observerAnswers.ownFault));
      }
    } finally {
      socket.off('close', this.abort);
    }
  }

  /** Gives up: the agent has gone, or the engine closes. */
  readonly abort = (): void => {
    this.#gone.abort(new ClientGoneError());
  };

  async #serve(): Promise<ReportAnswer> {
    const { token, route } = this.#head;
    const owner = await this.#context.sessions.ownerOfToken(token);
    if (owner.kind === 'unknown') {
      const { sessionsMayReturn } = this.#context;
      throw new RefusedReportError(sessionsMayReturn ? observerAnswers.ownFault : observerAnswers.unknownSession);
    }
    if (!(await this.#context.configured.soon(this.#gone.signal)))
      throw new RefusedReportError(observerAnswers.starting);
    switch (route.kind) {
      case 'hook':
        if (owner.kind === 'ended') return this.#answerEnded(route.event);
        return this.#hand(owner, this.#context.intake.hooks.get(route.event));
      case 'status-line':
        return this.#hand(owner, this.#context.intake.statusLine);
      case 'logs':
        return this.#export(owner);
      case 'metrics':
      case 'traces':
        // Nothing of it is wanted, and an exporter that is refused would write so into its agent's log.
        return json({});
    }
  }

  async #hand(owner: KnownOwner, handler: IntakeHandler | undefined) {
    if (handler === undefined) throw new RefusedReportError(observerAnswers.notServed);
    if (owner.kind === 'ended') throw new RefusedReportError(observerAnswers.endedSession);
    const report = parseJson(await this.#readBody());
    const answer = await handler(owner.session, report, this.#gone.signal);
    return answer === undefined ? { status: 204 } : json(answer);
  }

  #answerEnded(event: string): ReportAnswer {
    const answer = this.#context.intake.endedSession?.get(event);
    if (answer === undefined) throw new RefusedReportError(observerAnswers.endedSession);
    return json(answer);
  }

  async #export(owner: KnownOwner): Promise<ReportAnswer> {
    const { logs } = this.#context;
    if (!logs.mayReport(owner)) throw new RefusedReportError(observerAnswers.endedSession);
    const encoding = await otlpEncodingOf(this.#request.rawHeaders);
    if (encoding === undefined) throw new RefusedReportError(observerAnswers.otherType);
    const records = encoding.read(await this.#readBody(), tellsOfRequest);
    if (records === undefined) throw new RefusedReportError(observerAnswers.unreadable);
    const result = await logs.take(owner, records);
    return { status: 200, contentType: encoding.contentType, body: encoding.answer(result) };
  }

  async #readBody(): Promise<Buffer> {
    checkAnnounced(this.#request.rawHeaders);
    if (this.#head.expectsContinue) this.#response.writeContinue();
    return readReportBody(this.#request, this.#context.clock);
  }

  #answer({ status, contentType, body }: ReportAnswer): void {
    const response = this.#response;
    if (response.headersSent || response.destroyed) return;
    if (isStillSending(this.#request)) makeLastAnswer(this.#request, response);
    const headers = ['cache-control', 'no-store'];
    if (contentType !== undefined) headers.push('content-type', contentType);
    if (body !== undefined) headers.push('content-length', String(body.length));
    response.writeHead(status, headers);
    if (body !== undefined) response.write(body);
    endAnswer(this.#request, response, this.#context.clock);
  }

  #refuse({ answer }: RefusedReportError): void {
    this.#context.logger.debug(`Refused a report (${answer.status}): ${answer.message}`);
    sendAnswer(this.#request, this.#response, answer, this.#context.clock);
  }
}

function json(value: object): ReportAnswer {
  return { status: 200, contentType: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

/** @throws RefusedReportError */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new RefusedReportError(observerAnswers.unreadable);
  }
}
