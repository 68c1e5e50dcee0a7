/**
 * What a proxy costs that does with `node:http` and undici what our gateway does with them, and nothing else:
 * `node undiciPipe.ts PORT UPSTREAM`. It authenticates nobody, counts nothing and reads nothing.
 */
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { hopByHopHeaders } from '../../src/gateway/hopByHopHeaders.ts';
import { rawHeaderList } from '../../src/gateway/rawHeaderList.ts';

const [port, upstream = ''] = process.argv.slice(2);
const pool = new Pool(upstream, { allowH2: false });

createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const { method = 'GET', url: path = '/', rawHeaders } = request;
  const body = method === 'GET' || method === 'HEAD' ? null : request;
  pool.dispatch(
    { method, path, headers: onward(rawHeaders), body },
    {
      onRequestStart: (controller) => {
        response.on('close', () => {
          if (!response.writableFinished) controller.abort(new Error('The client has gone.'));
        });
      },
      onResponseStart: (controller, status, headers, statusMessage) => {
        if (status < 200) return;
        response.sendDate = false;
        response.writeHead(status, statusMessage, onward(rawHeaderList(controller.rawHeaders ?? headers)));
      },
      onResponseData: (controller, chunk) => {
        if (response.write(chunk)) return;
        controller.pause();
        response.once('drain', () => {
          controller.resume();
        });
      },
      onResponseEnd: () => response.end(),
      onResponseError: () => response.destroy(),
    },
  );
}).listen(Number(port), '127.0.0.1');

/** The header lines that do not end here; no answer has a `host`. */
function onward(rawHeaders: readonly string[]): string[] {
  const ending = hopByHopHeaders(rawHeaders);
  const lines: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const lowerName = name.toLowerCase();
    if (lowerName !== 'host' && !ending.has(lowerName)) lines.push(name, rawHeaders[index + 1] ?? '');
  }
  return lines;
}
