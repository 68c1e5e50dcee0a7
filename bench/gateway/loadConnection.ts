import { Client, type Dispatcher } from 'undici';

/** A request that can be sent again and again. */
export interface LoadRequest {
  readonly path: string;
  readonly headers: string[];
  readonly body: Buffer;
  /** What the end of every whole answer has in it. */
  readonly ending: string;
}

/** How long an answer took, in milliseconds; `failure` says what was wrong with it. */
export interface AnswerTime {
  readonly firstMs: number;
  readonly wholeMs: number;
  readonly failure?: string;
}

const patienceMs = 5000;

/** One connection of a load: the same request again and again, one at a time. */
export class LoadConnection {
  readonly #client: Client;
  readonly #request: LoadRequest;

  constructor(origin: string, request: LoadRequest) {
    this.#client = new Client(origin, { pipelining: 1, headersTimeout: patienceMs, bodyTimeout: patienceMs });
    this.#request = request;
  }

  /** Never rejects. */
  ask(): Promise<AnswerTime> {
    const { path, headers, body, ending } = this.#request;
    return new Promise((resolve) => {
      this.#client.dispatch({ path, method: 'POST', headers, body }, new AnswerReader(ending, resolve));
    });
  }

  close(): Promise<void> {
    return this.#client.destroy();
  }
}

class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #ending: string;
  readonly #over: (time: AnswerTime) => void;
  readonly #begun = performance.now();
  #status = 0;
  #firstMs = 0;
  #last: Buffer | undefined;

  constructor(ending: string, over: (time: AnswerTime) => void) {
    this.#ending = ending;
    this.#over = over;
  }

  onRequestStart(): void {
    // undici wants it.
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#last === undefined) this.#firstMs = performance.now() - this.#begun;
    this.#last = chunk;
  }

  onResponseEnd(): void {
    const good = this.#status === 200 && this.#last?.includes(this.#ending) === true;
    this.#end(good ? undefined : `${this.#status} ${this.#last?.toString('utf8').slice(0, 200) ?? ''}`);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#end(error.message);
  }

  #end(failure: string | undefined): void {
    const wholeMs = performance.now() - this.#begun;
    this.#over({ firstMs: this.#firstMs, wholeMs, ...(failure !== undefined && { failure }) });
  }
}
