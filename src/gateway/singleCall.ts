import type { Dispatcher } from 'undici';
import { rawHeaderList } from './rawHeaderList.ts';

/** A call of the gateway's own, whose answer is short. */
export interface Call {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface CallAnswer {
  readonly status: number;
  /** Alternating names and values. */
  readonly rawHeaders: readonly string[];
  /** The begin of it, when it is longer than 64 KiB. */
  readonly body: string;
}

const mostBodyBytes = 64 * 1024;

/**
 * Makes one call and reads its answer.
 * @param timeoutMs for all of it.
 * @throws what the HTTP client reports (see `describeUpstreamFailure`); when it takes too long, an error of code ETIMEDOUT
 * if there was no connection by then, else of code UND_ERR_HEADERS_TIMEOUT.
 */
export function singleCall(dispatcher: Dispatcher, call: Call, timeoutMs: number): Promise<CallAnswer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let rawHeaders: readonly string[] = [];
    const body: Buffer[] = [];
    let bodyBytes = 0;
    let isOver = false;
    let isLate = false;
    const finish = (error?: Error): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (status === 0 || isLate) reject(error ?? new Error('There was no answer.'));
      else resolve({ status, rawHeaders, body: Buffer.concat(body).toString('utf8') });
      controller?.abort(new Error('The answer is over.'));
    };
    const timer = setTimeout(() => {
      isLate = true;
      // The client gives its controller when it has a connection to write to.
      const code = controller === undefined ? 'ETIMEDOUT' : 'UND_ERR_HEADERS_TIMEOUT';
      finish(Object.assign(new Error('The call took too long.'), { code }));
    }, timeoutMs);
    dispatcher.dispatch(
      { ...call, headers: { ...call.headers }, body: call.body ?? null },
      {
        onRequestStart: (started) => {
          controller = started;
          if (isOver) started.abort(new Error('The call took too long.'));
        },
        onResponseStart: (answered, code, headers) => {
          if (code < 200) return;
          status = code;
          rawHeaders = rawHeaderList(answered.rawHeaders ?? headers);
        },
        onResponseData: (_answered, chunk) => {
          body.push(chunk);
          bodyBytes += chunk.length;
          if (bodyBytes > mostBodyBytes) finish();
        },
        onResponseEnd: () => {
          controller = undefined;
          finish();
        },
        onResponseError: (_failed, error) => {
          finish(error);
        },
      },
    );
  });
}
