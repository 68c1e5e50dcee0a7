import type { IncomingMessage, ServerResponse } from 'node:http';
import { AdmissionRefusedError, type RequestAdmission, type Reservation } from '../core/admission.ts';
import type { FirstConfiguration } from '../core/firstConfiguration.ts';
import { ClientGoneError } from '../loopback/clientGoneError.ts';
import { readsBatchResults } from './batchResults.ts';
import { refuseWithoutLogin, type TokenPlace } from './agentLogin.ts';
import { clientPatienceMs } from './clientPatience.ts';
import type { LoopbackAnswer } from '../loopback/loopbackAnswer.ts';
import { headerValue } from '../loopback/headerValue.ts';
import { readMessageAsk } from './messageAsk.ts';
import { quotaUseOf, type QuotaUse } from './quotaUse.ts';
import { type AdmittedRequest, Relay, type RelayContext } from './relay.ts';
import { readBegin } from './requestBegin.ts';
import { sendAnswer } from '../loopback/sendAnswer.ts';
import { sessionAnswers } from './sessionAnswers.ts';
import { Settlement } from './settlement.ts';
import { subagentOf } from './subagentOf.ts';
import type { UpstreamConnections } from './upstreamConnections.ts';
import type { UpstreamAddress } from './upstreamTarget.ts';

/** What all exchanges share. */
export interface ExchangeContext extends RelayContext {
  readonly admission: RequestAdmission;
  /** Where requests go now; undefined while there are no credentials that can be sent anywhere. */
  readonly address: () => UpstreamAddress | undefined;
  /** Keys that are not known now may be later. */
  readonly sessionsMayReturn: boolean;
  /** Whether it is known where they go. */
  readonly configured: Pick<FirstConfiguration, 'soon'>;
  /** Is told that a request has no key to be sent with. @returns whether one may come. */
  readonly keyWanted: () => boolean;
  readonly connections: UpstreamConnections;
}

/** A request that looks like an agent's. */
export interface AgentRequestHead {
  /** With its query, without the session's prefix. */
  readonly path: string;
  /** As the agent presented it. */
  readonly token: string;
  readonly tokenPlace: TokenPlace;
  /** Whether the agent sends its body only when told to (`Expect: 100-continue`). */
  readonly expectsContinue: boolean;
}

/** One request from an agent, from its session token to the end of its answer. */
export class Exchange {
  readonly #context: ExchangeContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #head: AgentRequestHead;
  readonly #gone = new AbortController();
  readonly #receivedAt: number;
  #relay: Relay | undefined;

  constructor(context: ExchangeContext, request: IncomingMessage, response: ServerResponse, head: AgentRequestHead) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#head = head;
    this.#receivedAt = context.clock.now();
  }

  get socket(): IncomingMessage['socket'] {
    return this.#request.socket;
  }

  /** @returns resolves when all is over and settled. Never rejects. */
  async run(): Promise<void> {
    const { socket } = this;
    socket.once('close', this.abort);
    try {
      await this.#serve();
    } catch (error) {
      if (!(error instanceof ClientGoneError)) {
        this.#context.logger.error('A request could not be served.', error);
        this.#answer(ownFault);
      }
    } finally {
      socket.off('close', this.abort);
    }
  }

  /** Gives up the wait or the answer: the agent has gone, or the gateway closes. */
  readonly abort = (): void => {
    this.#gone.abort(new ClientGoneError());
    this.#relay?.abort();
  };

  async #serve(): Promise<void> {
    const { path, token } = this.#head;
    const use = quotaUseOf(this.#request.method ?? 'GET', path);
    const owner = await this.#context.admission.ownerOfToken(token, use === 'none' ? 'exact' : 'at-hand');
    if (owner.kind === 'unknown')
      this.#answer(this.#context.sessionsMayReturn ? sessionAnswers.sessionsAway : sessionAnswers.unknownKey);
    else if (owner.kind === 'ended') this.#answer(sessionAnswers.endedSession);
    else if (path.includes(token)) this.#answer(tokenInPath);
    else if (!(await this.#context.configured.soon(this.#gone.signal))) this.#answer(sessionAnswers.starting);
    else if (this.#isSendable(this.#context.address())) await this.#admit(owner.session.sessionId, use);
  }

  async #admit(sessionId: string, use: QuotaUse): Promise<void> {
    const { method = 'GET', rawHeaders } = this.#request;
    const usesTokens = use === 'tokens';
    const bodyBytes = announcedBytes(rawHeaders);
    const begin = usesTokens ? await this.#readBegin() : undefined;
    if (this.#gone.signal.aborted) return;
    const asked =
      begin === undefined || isCompressed(rawHeaders) ? {} : readMessageAsk(begin, begin.length === bodyBytes);
    let reservation: Reservation | undefined;
    if (use !== 'none') {
      try {
        const subagent = subagentOf(rawHeaders);
        const patienceMs = clientPatienceMs(rawHeaders);
        const ask = {
          ...{ sessionId, usesTokens, bodyBytes, ...asked },
          ...(subagent !== undefined && { subagent }),
          ...(patienceMs !== undefined && { patienceMs }),
        };
        reservation = await this.#context.admission.reserve(ask, this.#gone.signal);
      } catch (error) {
        if (!(error instanceof AdmissionRefusedError)) throw error;
        this.#answer(refusedAdmission(error));
        return;
      }
    }
    const settlement = new Settlement(reservation, this.#context.logger);
    try {
      const batchReader = readsBatchResults(method, this.#head.path) ? sessionId : undefined;
      const admitted = { settlement, usesTokens, model: asked.model, bodyBytes, begin };
      await this.#forward({ ...admitted, ...(batchReader !== undefined && { batchReader }) });
    } finally {
      // Of what was not sent; after a relay it has ended already.
      await settlement.end(undefined);
    }
  }

  /** A body that is sent only when told to is not asked for before its request is admitted. */
  async #readBegin(): Promise<Buffer | undefined> {
    if (this.#head.expectsContinue) return undefined;
    return readBegin(this.#request, this.#context.clock, this.#gone.signal);
  }

  async #forward(admitted: AdmittedRequest): Promise<void> {
    const { path, token, expectsContinue } = this.#head;
    const [request, response] = [this.#request, this.#response];
    if (expectsContinue) response.writeContinue();
    if (this.#gone.signal.aborted) return;
    // Asked again, as it may have changed while the request waited.
    const address = this.#context.address();
    if (!this.#isSendable(address)) return;
    const relayed = { ...admitted, request, response, address, path, token, receivedAt: this.#receivedAt };
    this.#relay = new Relay(this.#context, relayed);
    await this.#relay.run(this.#context.connections.dispatcherFor(address));
  }

  /** Answers a request that cannot go on with the credentials that there are. */
  #isSendable(address: UpstreamAddress | undefined): address is UpstreamAddress {
    if (address?.key !== undefined) return true;
    const refused = refuseWithoutLogin(this.#request.rawHeaders);
    const bringsLogin = this.#head.tokenPlace === 'path' && refused === undefined;
    if (address !== undefined && bringsLogin) return true;
    if (address !== undefined) this.#answer(refused ?? sessionAnswers.noLogin);
    else this.#answer(bringsLogin ? sessionAnswers.loginNotRouted : this.#answerWithoutKey());
    return false;
  }

  #answerWithoutKey(): LoopbackAnswer {
    return this.#context.keyWanted() ? sessionAnswers.keyCommandFailed : sessionAnswers.noCredentials;
  }

  #answer(answer: LoopbackAnswer): void {
    sendAnswer(this.#request, this.#response, answer, this.#context.clock);
  }
}

const ownFault: LoopbackAnswer = {
  status: 500,
  type: 'api_error',
  message:
    'Agent Quota could not serve this request because of a fault of its own; trying again may help. The command "Agent ' +
    'Quota: Show Log" says more.',
  retry: 'freely',
};

const tokenInPath: LoopbackAnswer = {
  status: 400,
  type: 'invalid_request_error',
  message: "Agent Quota's gateway takes the session key in x-api-key, authorization or the base URL only.",
  retry: 'never',
};

function refusedAdmission({ message, retryAfterSeconds }: AdmissionRefusedError): LoopbackAnswer {
  const retry = retryAfterSeconds === undefined ? 'never' : { afterSeconds: Math.max(0, retryAfterSeconds) };
  return { status: 429, type: 'rate_limit_error', message, retry };
}

/** @returns undefined for a body in chunks, 0 for none. */
function announcedBytes(rawHeaders: readonly string[]): number | undefined {
  if (headerValue(rawHeaders, 'transfer-encoding') !== undefined) return undefined;
  return Number(headerValue(rawHeaders, 'content-length') ?? 0);
}

function isCompressed(rawHeaders: readonly string[]): boolean {
  const coding = headerValue(rawHeaders, 'content-encoding')?.trim().toLowerCase() ?? '';
  return coding !== '' && coding !== 'identity';
}
