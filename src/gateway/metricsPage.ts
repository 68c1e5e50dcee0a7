import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { endAnswer, isStillSending } from '../loopback/endAnswer.ts';
import { makeLastAnswer } from '../loopback/lastAnswer.ts';
import type { LoopbackAnswer } from '../loopback/loopbackAnswer.ts';
import { sendAnswer } from '../loopback/sendAnswer.ts';
import { sessionTokenOf } from './sessionToken.ts';

/** Metrics for a Prometheus server. */
export interface ScrapedMetrics {
  /** That the server shows as its bearer token. */
  readonly token: string;
  readonly isOn: () => boolean;
  /** Text format 0.0.4. */
  readonly text: () => Promise<string>;
}

export const metricsPath = '/metrics';

/**
 * Answers a request for metrics.
 * @returns false when it is none: they are off, or another path is asked for.
 */
export function serveMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, clock, logger }: { readonly metrics?: ScrapedMetrics; readonly clock: Clock; readonly logger: Logger },
): boolean {
  if (metrics?.isOn() !== true || request.method !== 'GET' || request.url?.split('?')[0] !== metricsPath) return false;
  if (!isSame(sessionTokenOf(request.rawHeaders), metrics.token)) {
    sendAnswer(request, response, wrongToken, clock);
    return true;
  }
  metrics
    .text()
    .then((body) => {
      if (response.destroyed) return;
      if (isStillSending(request)) makeLastAnswer(request, response);
      response.writeHead(200, {
        'content-type': 'text/plain; version=0.0.4; charset=utf-8',
        'cache-control': 'no-store',
      });
      response.write(body);
      endAnswer(request, response, clock);
    })
    .catch((error: unknown) => {
      logger.error('Metrics could not be collected.', error);
      sendAnswer(request, response, ownFault, clock);
    });
  return true;
}

/** Takes as long whatever is different. */
function isSame(given: string | undefined, token: string): boolean {
  if (given === undefined) return false;
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', token, 'buffer'));
}

const wrongToken: LoopbackAnswer = {
  status: 401,
  type: 'authentication_error',
  message:
    'These are the metrics of Agent Quota. Use the bearer token of the command "Agent Quota: Copy Prometheus Scrape Configuration".',
  retry: 'never',
};

const ownFault: LoopbackAnswer = {
  status: 500,
  type: 'api_error',
  message: 'The metrics of Agent Quota could not be collected. The command "Agent Quota: Show Log" says more.',
  retry: 'freely',
};
