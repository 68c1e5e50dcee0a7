// A server of the Model Context Protocol on stdin and stdout with one tool, which nobody calls.
const { createInterface } = require('node:readline');

const tool = {
  name: 'look_up',
  description: 'Looks up a word.',
  inputSchema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  let result = {};
  if (method === 'initialize') {
    const serverInfo = { name: 'fake', version: '1.0.0' };
    result = { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo };
  } else if (method === 'tools/list') {
    result = { tools: [tool] };
  }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
});
