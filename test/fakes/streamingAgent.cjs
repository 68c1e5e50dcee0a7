'use strict';
// An agent of the simplest kind: streams one answer and prints, as JSON, the times between the events that it got.
// Environment: the session's overlay.
const { request } = require('node:http');

const url = new URL(`${process.env.ANTHROPIC_BASE_URL}/v1/messages`);
const body = JSON.stringify({
  model: 'claude-opus-5-5',
  max_tokens: 4096,
  stream: true,
  messages: [{ role: 'user', content: 'count' }],
});
const headers = {
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(body),
  'anthropic-version': '2023-06-01',
  'x-api-key': process.env.ANTHROPIC_API_KEY,
};
const gaps = [];
const call = request(url, { method: 'POST', headers }, (response) => {
  let last;
  response.on('data', () => {
    const now = performance.now();
    if (last === undefined) process.stderr.write('streaming\n');
    else gaps.push(now - last);
    last = now;
  });
  response.on('end', () => {
    process.stdout.write(JSON.stringify({ status: response.statusCode, gaps }));
  });
});
call.end(body);
