import { Agent, request } from 'node:http';

/** The longest answer that is taken, in bytes. */
const mostAnswerBytes = 64 * 1024;

/** Passes reports on to the engine. */
export interface EngineReports {
  /**
   * @param where below the observer's URL, beginning with a slash.
   * @returns what the engine answers, as JSON; undefined when it answers nothing, or is not there. Never rejects.
   */
  send(where: string, report: object, signal: AbortSignal): Promise<string | undefined>;
}

/**
 * @param url says where the observer or a relay is now, without a slash at its end.
 * @param headers that every report has.
 */
export function engineReports(url: () => string, headers: Readonly<Record<string, string>> = {}): EngineReports {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const once = (where: string, body: Buffer, signal: AbortSignal): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const all = { ...headers, 'content-type': 'application/json', 'content-length': body.length };
      const sent = request(`${url()}${where}`, { method: 'POST', agent, headers: all, signal });
      sent.on('error', (error) => {
        // The engine closes connections that are idle, now and then just when one is used again.
        if (sent.reusedSocket) reject(error);
        else resolve(undefined);
      });
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length <= mostAnswerBytes) chunks.push(chunk);
          else response.destroy();
        });
        response.on('close', () => {
          const isWhole = response.complete && response.statusCode === 200 && length > 0;
          resolve(isWhole ? Buffer.concat(chunks).toString('utf8') : undefined);
        });
      });
      sent.end(body);
    });
  return {
    send: async (where, report, signal) => {
      const body = Buffer.from(JSON.stringify(report));
      for (let attempt = 0; attempt < 3 && !signal.aborted; attempt += 1) {
        try {
          return await once(where, body, signal);
        } catch {
          // Sent again over another connection.
        }
      }
      return undefined;
    },
  };
}
