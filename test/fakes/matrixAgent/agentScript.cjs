'use strict';
// An agent that is a script: asks once for each line that comes through its FIFO, and ends with CODE when that is closed.
// It is named `node agentScript.cjs CELL sdk|agent-sdk CODE`, and is found behind `claude` where a cell wants its exit code.
const { createReadStream, renameSync, writeFileSync } = require('node:fs');
const { createInterface } = require('node:readline');

const { env, pid, ppid } = process;
const [, , cell, kind, code] = process.argv;
const file = `${env.AGENT_QUOTA_TEST_SCRATCH}/cells/${cell}`;
env.ANTHROPIC_CUSTOM_HEADERS = `x-matrix-cell: ${cell}`;

async function askWithSdk() {
  const { default: Anthropic } = await import('@anthropic-ai/sdk');
  const client = new Anthropic({ defaultHeaders: { 'x-matrix-cell': cell } });
  await client.messages.create({
    model: 'claude-opus-5-5',
    max_tokens: 16,
    messages: [{ role: 'user', content: 'say hi' }],
  });
}

async function askWithAgentSdk() {
  const { query } = await import(env.AGENT_QUOTA_TEST_AGENT_SDK);
  const options = { pathToClaudeCodeExecutable: env.AGENT_QUOTA_TEST_CLAUDE, env };
  for await (const message of query({ prompt: 'say hi', options })) {
    if (message.type === 'result' && message.subtype !== 'success') throw new Error(JSON.stringify(message));
  }
}

async function run() {
  const lines = [`PID=${pid}`, `PPID=${ppid}`, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  writeFileSync(`${file}.part`, lines.join('\n'));
  renameSync(`${file}.part`, `${file}.note`);
  const turns = createInterface({ input: createReadStream(`${file}.turns`) });
  for await (const line of turns) if (line !== '') await (kind === 'sdk' ? askWithSdk() : askWithAgentSdk());
  process.exit(Number(code));
}
run().catch((error) => {
  console.error(error);
  process.exit(70);
});
