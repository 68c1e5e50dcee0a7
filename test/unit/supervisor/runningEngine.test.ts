import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveEngine } from '../../../src/engine.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import type { AgentAuth, EngineConfiguration, EngineStart } from '../../../src/core/quotaEngine.ts';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import { ledgerFileName } from '../../../src/ledger/openLedger.ts';
import { EngineDiedError } from '../../../src/supervisor/engineSupervisor.ts';
import { startInThread, startWorkerThread, type EngineThread } from '../../../src/supervisor/engineThread.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { watched } from '../core/watched.ts';
import { SupervisorTester } from './supervisorTester.ts';

const realKey = 'sk-ant-api03-the-real-key';
const bundle = fileURLToPath(new URL('../../../src/engine.ts', import.meta.url));
const places: readonly (readonly [string, EngineThread['place'], (start: EngineStart) => EngineThread])[] = [
  ['in a worker', 'worker', (start) => startWorkerThread(bundle, start)],
  ['in this thread', 'window', (start) => startInThread(serveEngine, start)],
];

for (const [where, place, startThread] of places) {
  describe(`an engine ${where}`, () => {
    let directory: ReturnType<typeof temporaryDirectory>;
    let upstream: Server;
    let keys: unknown[];
    let rejected: string | undefined;
    let rejections: (string | undefined)[];
    let thread: EngineThread | undefined;
    let tester: SupervisorTester;
    let configuration: EngineConfiguration;

    beforeEach(async () => {
      directory = temporaryDirectory();
      keys = [];
      rejected = undefined;
      rejections = [];
      upstream = createServer((request, response) => {
        keys.push(request.headers['x-api-key']);
        request.resume();
        const status = request.headers['x-api-key'] === rejected ? 401 : 200;
        const error = { type: 'authentication_error', message: 'invalid x-api-key' };
        const body = status === 200 ? { data: [] } : { type: 'error', error };
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      }).listen(0, '127.0.0.1');
      await once(upstream, 'listening');
      const address = upstream.address();
      assert.ok(typeof address === 'object' && address !== null);
      configuration = {
        plan: apiKeyPlan({ concurrentAgents: 1 }),
        agents: [],
        dailyTokens: 'fallback',
        credentials: { kind: 'apiKey', key: realKey, baseUrl: `http://127.0.0.1:${address.port}`, source: 'test' },
        credentialProblems: [],
        network: directNetwork,
        networkProblems: [],
        inactivityMs: 60_000,
        longestWaitMs: 1000,
        workspace: 'work',
      };
      const start = { engineId: 'window', storageDirectory: directory.path, launcherSecret: 'launcher secret' };
      tester = new SupervisorTester(start, (given) => (thread = startThread(given)), {
        keyWanted: () => rejections.push(rejected),
      });
      await tester.engine.configure(configuration);
    });
    afterEach(async () => {
      await tester.supervisor.dispose();
      upstream.closeAllConnections();
      upstream.close();
      directory.remove();
    });

    async function opened(agentId: string): Promise<AgentAuth & { kind: 'authenticated' }> {
      const auth = await tester.engine.setupClaudeAgentAuth({ ticket: agentId, agentId, waitMs: 0 });
      assert.ok(auth.kind === 'authenticated', JSON.stringify(auth));
      return auth;
    }

    async function callWith({ overlay }: AgentAuth & { kind: 'authenticated' }, token?: string): Promise<number> {
      const response = await fetch(`${overlay['ANTHROPIC_BASE_URL'] ?? ''}/v1/messages/count_tokens`, {
        method: 'POST',
        headers: { 'x-api-key': token ?? overlay['ANTHROPIC_API_KEY'] ?? '', connection: 'close' },
        body: '{}',
      });
      await response.text();
      return response.status;
    }

    /** All that is in the ledger's files. */
    function written(): string {
      const files = readdirSync(directory.path).filter((name) => name.startsWith('ledger'));
      assert.ok(files.length > 0);
      return files.map((name) => readFileSync(path.join(directory.path, name), 'latin1')).join('\n');
    }

    it('gives out sessions, serves their requests, and shows them', async () => {
      assert.equal((await tester.reached('running')).place, place);
      const auth = await opened('agent');
      assert.equal(await callWith(auth), 200);
      assert.equal(await callWith(auth, 'another'), 401);
      assert.equal(keys.at(-1), realKey);
      const { sessions, ledger, plan, gatewayUrl } = await tester.engine.snapshot();
      assert.deepEqual([ledger, plan], [{ kind: 'sqlite' }, configuration.plan]);
      assert.equal(auth.overlay['CLAUDE_BASE_URL'], gatewayUrl);
      assert.deepEqual(
        sessions.map(({ agentId, state, requests }) => [agentId, state, requests]),
        [['agent', 'active', 1]],
      );
      assert.equal(await tester.engine.releaseAgentAuth('agent'), 1);
      assert.notEqual(await callWith(auth), 200);
    });

    it('puts the key on that holds when a request comes, and moves running sessions with the account', async () => {
      const auth = await opened('agent');
      assert.equal(await callWith(auth), 200);
      const digest = async (): Promise<string | undefined> => (await tester.engine.snapshot()).sessions[0]?.planId;
      const plans = [await digest()];
      const { credentials } = configuration;
      assert.ok(credentials.kind === 'apiKey');
      for (const change of [
        { key: 'sk-ant-another' },
        { key: 'sk-ant-printed', account: 'command print-key' },
        { key: 'sk-ant-printed-later', account: 'command print-key' },
      ]) {
        await tester.engine.configure({ ...configuration, credentials: { ...credentials, ...change } });
        assert.equal(await callWith(auth), 200);
        assert.equal(keys.at(-1), change.key);
        plans.push(await digest());
      }
      assert.equal(new Set(plans.slice(0, 3)).size, 3, 'another key is another plan');
      assert.equal(plans[3], plans[2], 'but not one that the same command prints later');
      const shown = JSON.stringify([await tester.engine.snapshot(), tester.logger.lines]);
      const text = shown + written();
      for (const secret of ['sk-ant', 'print-key']) assert.ok(!text.includes(secret), secret);
    });

    it('knows a session’s token by its SHA-256 alone', async () => {
      const auth = await opened('agent');
      assert.equal(await callWith(auth), 200);
      const token = auth.overlay['ANTHROPIC_API_KEY'] ?? '';
      assert.ok(written().includes(hash('sha256', token, 'base64url')));
      assert.ok(!written().includes(token));
    });

    it('lets agents try again while the command for the key has given none, and asks for one', async () => {
      const auth = await opened('agent');
      await tester.engine.configure({ ...configuration, credentials: { kind: 'none' } });
      assert.equal(await callWith(auth), 401);
      assert.deepEqual(rejections, [], 'there is no command that could be asked');
      await tester.engine.configure({ ...configuration, credentials: { kind: 'none', mayCome: true } });
      assert.equal(await callWith(auth), 503);
      while (rejections.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await tester.engine.configure(configuration);
      assert.equal(await callWith(auth), 200);
    });

    it('tells when the key that holds is rejected, and answers as the upstream does', async () => {
      const auth = await opened('agent');
      assert.equal(rejections.join(), '');
      rejected = realKey;
      assert.equal(await callWith(auth), 401);
      while (rejections.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const { credentials } = configuration;
      assert.ok(credentials.kind === 'apiKey');
      await tester.engine.configure({ ...configuration, credentials: { ...credentials, key: 'sk-ant-fresh' } });
      assert.equal(await callWith(auth), 200);
      rejected = 'sk-ant-fresh';
      const test = await tester.engine.testAuthentication();
      assert.equal(test.kind, 'fails');
      while (rejections.at(-1) !== 'sk-ant-fresh') await new Promise((resolve) => setTimeout(resolve, 5));
    });

    it('gives each session a token of 192 random bits', async () => {
      const tokens: string[] = [];
      for (let index = 0; index < 24; index += 1) {
        tokens.push((await opened('agent')).overlay['ANTHROPIC_API_KEY'] ?? '');
        await tester.engine.releaseAgentAuth('agent');
      }
      for (const token of tokens) assert.match(token, /^sk-aq-[A-Za-z0-9_-]{32}-agent-quota-session$/);
      for (let at = 'sk-aq-'.length; at < 'sk-aq-'.length + 32; at += 1) {
        assert.ok(new Set(tokens.map((token) => token[at])).size > 8, `the character at ${at}`);
      }
    });

    it('keeps the real key out of what a crash report, a process list and child processes show', async () => {
      const auth = await opened('agent');
      assert.equal(await callWith(auth), 200);
      const shown = JSON.stringify([process.report.getReport(), process.title, process.argv, process.env]);
      assert.ok(shown.includes(process.version), 'what is looked through is the report');
      assert.ok(!shown.includes(realKey));
      assert.ok(!shown.includes(auth.overlay['ANTHROPIC_API_KEY'] ?? 'x'));
    });

    if (place === 'worker') {
      it('that dies is started again, with its port, its sessions and their tokens', async () => {
        const auth = await opened('agent');
        const call = watched(tester.engine.setupClaudeAgentAuth({ ticket: 'next', agentId: 'next' }));
        const { started } = await tester.reached('running');
        while ((await tester.engine.snapshot()).line.length === 0) await new Promise(setImmediate);
        await thread?.terminate();
        const again = await tester.reached('running', 2);
        assert.deepEqual(again.started, started);
        assert.ok(call.error instanceof EngineDiedError);
        const snapshot = await tester.engine.snapshot();
        assert.deepEqual(snapshot.plan, configuration.plan);
        assert.deepEqual(
          snapshot.sessions.map(({ sessionId, state }) => [sessionId, state]),
          [[auth.sessionId, 'active']],
        );
        assert.deepEqual(snapshot.line, [], 'the place in line died with the engine');
        assert.equal(await callWith(auth), 200);
        assert.match(tester.logger.lines.join('\n'), /engine has died/);
      });

      it('that cannot even be loaded is given up, with its cause', async () => {
        const start = { engineId: 'x', storageDirectory: directory.path, launcherSecret: 's' };
        const broken = new SupervisorTester(start, (given) => startWorkerThread(`${bundle}.missing.ts`, given));
        for (const [index, pauseMs] of [250, 1000, 4000, 15_000].entries()) {
          await broken.reached('starting', index + 3);
          await broken.clock.advance(pauseMs);
        }
        assert.match((await broken.reached('stopped')).cause, /missing/);
        await broken.supervisor.dispose();
      });
    }

    it('whose ledger cannot be opened lets agents of before try again, and begins anew when it can', async () => {
      const auth = await opened('agent');
      const { gatewayPort } = (await tester.reached('running')).started;
      await tester.supervisor.dispose();
      const file = path.join(directory.path, ledgerFileName);
      renameSync(file, `${file} away`);
      mkdirSync(file);
      const start = { engineId: 'another', storageDirectory: directory.path, launcherSecret: 's', gatewayPort };
      tester = new SupervisorTester(start, startThread);
      await tester.engine.configure(configuration);
      assert.equal((await tester.engine.snapshot()).ledger.kind, 'memory');
      assert.equal(await callWith(auth), 503);
      rmdirSync(file);
      renameSync(`${file} away`, file);
      await tester.reached('running', 2);
      assert.equal((await tester.engine.snapshot()).ledger.kind, 'sqlite');
      assert.equal(await callWith(auth), 200);
    });

    it('leaves its port when it is disposed, and its sessions to the next', async () => {
      const auth = await opened('agent');
      const { gatewayPort } = (await tester.reached('running')).started;
      await tester.supervisor.dispose();
      await assert.rejects(callWith(auth), TypeError);
      const start = { engineId: 'another', storageDirectory: directory.path, launcherSecret: 's', gatewayPort };
      tester = new SupervisorTester(start, startThread);
      await tester.reached('running');
      keys = [];
      const early = watched(callWith(auth));
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual([early.state, keys], ['pending', []], 'an agent that asks before the key is known waits for it');
      await tester.engine.configure(configuration);
      assert.equal(await early.promise, 200);
      assert.deepEqual(keys, [realKey]);
      const { sessions } = await tester.engine.snapshot();
      assert.deepEqual(
        sessions.map(({ sessionId }) => sessionId),
        [auth.sessionId],
      );
    });
  });
}
