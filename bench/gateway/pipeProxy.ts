/**
 * The least that an HTTP proxy on Node can be, as the limit to compare with: `node pipeProxy.ts PORT UPSTREAM`. It
 * authenticates nobody, counts nothing and reads nothing.
 */
import { Agent, createServer, request as send } from 'node:http';

const [port, upstream = ''] = process.argv.slice(2);
const { hostname, port: upstreamPort } = new URL(upstream);
const agent = new Agent({ keepAlive: true });

createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const { method, url: path, rawHeaders: headers } = request;
  const onward = send({ agent, hostname, port: upstreamPort, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => {
    if (!response.writableFinished) onward.destroy();
  });
  request.pipe(onward);
}).listen(Number(port), '127.0.0.1');
