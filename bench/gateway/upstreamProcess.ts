/**
 * The upstream of the gateway's benchmark, in a process of its own: `node upstreamProcess.ts PORT`. It answers at once
 * with bytes that are ready, so that the forwarders and not the upstream are what is measured: nothing of a request is
 * parsed but whether it asks for a stream.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answerHeaders, jsonAnswer, streamedAnswer } from './upstreamAnswers.ts';

let answers = 0;

const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    answer(request, response, chunks);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');

function answer({ method }: IncomingMessage, response: ServerResponse, chunks: readonly Buffer[]): void {
  if (method !== 'POST') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[],"has_more":false}');
    return;
  }
  answers += 1;
  const headers = answerHeaders(answers, Date.now());
  if (asksForStream(chunks)) {
    response.writeHead(200, [
      ...headers,
      'content-type',
      'text/event-stream; charset=utf-8',
      'cache-control',
      'no-cache',
    ]);
    stream(response, 0);
  } else {
    response.writeHead(200, [...headers, 'content-type', 'application/json', 'content-length', `${jsonAnswer.length}`]);
    response.end(jsonAnswer);
  }
}

/** Searched from the end, where agents have it. */
function asksForStream(chunks: readonly Buffer[]): boolean {
  const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  const at = body.lastIndexOf('"stream":');
  return at !== -1 && body.includes('true', at) && body.indexOf('true', at) - at < 12;
}

/** A piece in each turn of the event loop, so that pieces arrive apart. */
function stream(response: ServerResponse, index: number): void {
  if (response.destroyed) return;
  response.write(streamedAnswer[index]);
  if (index + 1 < streamedAnswer.length) setImmediate(stream, response, index + 1);
  else response.end();
}
