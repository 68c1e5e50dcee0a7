import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The way to the database: as long as a network's, and it breaks. */
export class DelayingProxy {
  readonly #server: Server;
  readonly #delayMs: number;
  readonly #toPort: number;
  readonly #open = new Set<Socket>();

  private constructor(toPort: number, delayMs: number) {
    this.#toPort = toPort;
    this.#delayMs = delayMs;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#join(socket);
    });
  }

  /** @param delayMs each way. */
  static async start(toPort: number, delayMs: number): Promise<DelayingProxy> {
    const proxy = new DelayingProxy(toPort, delayMs);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy is closed.');
    return address.port;
  }

  /** Cuts every n-th connection as a network does: what is under way is lost. */
  cut(every: number): void {
    let index = 0;
    for (const socket of [...this.#open]) if ((index += 1) % every === 0) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    const far = connect({ port: this.#toPort, host: '127.0.0.1', allowHalfOpen: true });
    this.#open.add(near);
    for (const socket of [near, far]) socket.setNoDelay(true);
    this.#carry(near, far);
    this.#carry(far, near);
    const end = (): void => {
      near.destroy();
      far.destroy();
      this.#open.delete(near);
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  }

  /** Timers of one length fire in order. */
  #carry(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      setTimeout(() => {
        if (to.writable) to.write(bytes);
      }, this.#delayMs);
    });
    from.on('end', () => {
      setTimeout(() => {
        to.end();
      }, this.#delayMs);
    });
  }
}
