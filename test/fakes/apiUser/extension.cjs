'use strict';
const { spawn } = require('node:child_process');
const vscode = require('vscode');

/** An agent that makes one request and then runs until it is killed. */
const agent = `
const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': process.env.ANTHROPIC_API_KEY };
const body = JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }] });
fetch(process.env.ANTHROPIC_BASE_URL + '/v1/messages', { method: 'POST', headers, body })
  .then(async (answer) => { await answer.text(); console.log(answer.status); });
setInterval(() => {}, 1000);`;

/** @returns what a test has this extension do, as another extension would do it by itself. */
exports.activate = async () => {
  const quota = vscode.extensions.getExtension('agent-quota.agent-quota').exports;
  const changes = [];
  const subscription = quota.onDidChangeSessions((sessions) => changes.push(sessions.map(({ agentId }) => agentId)));
  return {
    quota,
    /** The agents of each change that was told. */
    changes,
    stopListening: () => subscription.dispose(),
    /** Starts an agent under quota: a command, or the one above. @returns its process and its session. */
    start: async (agentId, command) => {
      const auth = await quota.setupClaudeAgentAuth(agentId, { waitMs: 5000 });
      if (auth.kind === 'refused') throw new Error(`${auth.reason.message} ${auth.reason.nextStep}`);
      const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
      // Any other program is no Node.js that is VS Code's own.
      if (command !== undefined) delete env.ELECTRON_RUN_AS_NODE;
      for (const [name, value] of Object.entries(auth.overlay ?? {})) {
        if (value === null) delete env[name];
        else env[name] = value;
      }
      const [program, ...args] = command ?? [process.execPath, '-e', agent];
      const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? undefined)));
      const answered = new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
      await quota.attachProcess(auth.sessionId, child.pid);
      return { auth, child, answered, exited };
    },
  };
};
