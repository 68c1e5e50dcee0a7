/** `node fastify.js PORT UPSTREAM`: fastify with its own proxy plugin. */
import httpProxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [port, upstream] = process.argv.slice(2);
const server = fastify({ bodyLimit: 64 * 1024 * 1024, keepAliveTimeout: 600_000 });
await server.register(httpProxy, { upstream });
await server.listen({ host: '127.0.0.1', port: Number(port) });
