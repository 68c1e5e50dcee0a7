/** `node httpProxy3.js PORT UPSTREAM`: http-proxy-3 with connections that are kept alive. */
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'http-proxy-3';

const [port, target] = process.argv.slice(2);
const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true }) });
proxy.on('error', (_error, _request, response) => response.destroy());
createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  proxy.web(request, response);
}).listen(Number(port), '127.0.0.1');
