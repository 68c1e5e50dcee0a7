import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Anthropic from '@anthropic-ai/sdk';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { launcherVariables } from '../../src/shared/launcherVariables.ts';
import { overlayVariables as names } from '../../src/shared/overlayVariables.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { claudeBinary } from '../host/claudeBinary.ts';
import { repositoryRoot } from '../host/paths.ts';
import { runClaude, runProgram } from './claudeRun.ts';
import { realKey, startEngine, type RunningEngine } from './runningEngine.ts';

/** The engine may be starting again: what was under way then is answered with an error. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

describe('routed agents, with the real clients', function () {
  this.timeout(120_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;

  async function begin(plan = apiKeyPlan({ tokensPerMinute: 1_000_000 })): Promise<void> {
    upstream = await startSimulatedUpstream({ keepBodies: true, behaviour: { acceptedKeys: [realKey] } });
    running = await startEngine(upstream.url, plan);
  }

  afterEach(async () => {
    await running.close();
    await upstream.close();
  });

  it('the Claude Code CLI answers, and what it used is metered to the token', async () => {
    await begin();
    const auth = await running.open('cli');
    const run = await runClaude(['-p', 'say hi'], auth.overlay);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /Hello from the simulated upstream/);
    const served = upstream.served();
    assert.deepEqual(Object.keys(served.byKey), [realKey], 'the upstream sees the real key and no other');
    assert.ok(served.total.cacheCreation5mTokens + served.total.cacheCreation1hTokens > 0, 'the CLI caches');
    const snapshot = await running.until(
      ({ sessions }) => sessions[0]?.runningRequests === 0 && sessions[0].requests > 0,
    );
    const { requests, answered429, answered401, faults, ...tokens } = served.total;
    assert.deepEqual(snapshot.sessions[0]?.usage, tokens);
    assert.equal(snapshot.sessions[0].requests, requests);
    assert.deepEqual(snapshot.usedToday, tokens);
    assert.equal(answered401 + answered429 + faults, 0);
  });

  it('the overlay has the session’s own key and nowhere the real one', async () => {
    await begin();
    const { overlay, sessionId } = await running.open('overlay');
    assert.equal(overlay[names.anthropicApiKey], overlay[names.claudeApiKey]);
    assert.equal(overlay[names.anthropicBaseUrl], overlay[names.claudeBaseUrl]);
    assert.equal(overlay[names.sessionId], sessionId);
    assert.equal(overlay[names.agentId], 'overlay');
    assert.equal(overlay[names.maxRequestsPerMinute], '7');
    assert.equal(overlay[names.maxTokensAllocated], '125000');
    assert.ok(!JSON.stringify(overlay).includes(realKey));
  });

  it('what a subagent of the CLI used is metered under its own name, and counts once', async () => {
    await begin();
    const task = { description: 'Say hi', prompt: 'say hi', subagent_type: 'general-purpose' };
    upstream.behave({ toolUse: { name: 'Agent', input: { ...task, run_in_background: false } } });
    const auth = await running.open('with-subagent');
    const run = await runClaude(['-p', 'let a subagent say hi', '--allowedTools', 'Agent'], auth.overlay);
    assert.equal(run.code, 0, run.stderr + run.stdout);
    const [session] = (await running.until(({ sessions }) => sessions[0]?.runningRequests === 0)).sessions;
    const { requests, answered429, answered401, faults, ...tokens } = upstream.served().total;
    assert.deepEqual([session?.requests, session?.usage], [requests, tokens]);
    // Subagents get the tool too, and so the simulated upstream lets each start another, as deep as the CLI allows.
    const subagents = session?.subagents ?? [];
    assert.ok(subagents.length > 1, run.stdout);
    const names = subagents.map(({ subagentId }) => subagentId);
    assert.deepEqual(
      subagents
        .filter(({ parentId }) => parentId === undefined || !names.includes(parentId))
        .map((each) => each.parentId),
      [undefined],
      'one is the session’s agent’s own, and the others have parents that are known',
    );
    const own = requests - subagents.reduce((sum, each) => sum + each.requests, 0);
    assert.equal(own, 2, 'before and after the subagent');
    const written = subagents.reduce((sum, { usage }) => sum + usage.outputTokens, 0);
    assert.ok(written > 0 && written < tokens.outputTokens);
    assert.equal(answered401 + answered429 + faults, 0);
  });

  it('three runs on a plan of 2 requests a minute all succeed, and the strict upstream answers no 429', async () => {
    await begin(apiKeyPlan({ requestsPerMinute: 2, tokensPerMinute: 1_000_000 }));
    upstream.behave({ limits: { requestsPerMinute: 2 } });
    const sessions = await Promise.all(['one', 'two', 'three'].map((name) => running.open(name)));
    const runs = await Promise.all(sessions.map(({ overlay }) => runClaude(['-p', 'say hi'], overlay)));
    for (const run of runs) assert.equal(run.code, 0, run.stderr + run.stdout);
    assert.equal(upstream.served().total.answered429, 0);
    assert.equal(upstream.served().total.requests, 3);
    const slowest = Math.max(...runs.map(({ milliseconds }) => milliseconds));
    assert.ok(slowest > 25_000, `the third had to wait for the refill, and took ${slowest} ms`);
  });

  it('an agent behind a company’s proxy reaches the gateway without it', async () => {
    await begin();
    const { overlay } = await running.open('proxied');
    const nobody = 'http://127.0.0.1:1';
    const proxies = { HTTP_PROXY: nobody, HTTPS_PROXY: nobody, http_proxy: nobody, https_proxy: nobody };
    const run = await runClaude(['-p', 'say hi'], { ...proxies, ...overlay });
    assert.equal(run.code, 0, run.stdout + run.stderr);
  });

  it('a released session’s token is useless, and the CLI says at once what to do', async () => {
    await begin();
    const { overlay, sessionId } = await running.open('gone');
    assert.equal(await running.engine.releaseSession(sessionId), true);
    const run = await runClaude(['-p', 'say hi'], overlay);
    assert.notEqual(run.code, 0);
    assert.match(run.stdout + run.stderr, /session has ended/i);
    assert.ok(run.milliseconds < 60_000, `it took ${run.milliseconds} ms`);
    assert.equal(upstream.requests.length > 0 && upstream.served().total.requests, 0, 'nothing reached the upstream');
  });

  it('the Anthropic SDK streams and is metered', async () => {
    await begin();
    const { overlay } = await running.open('sdk');
    const client = new Anthropic({
      apiKey: overlay[names.anthropicApiKey] ?? '',
      baseURL: overlay[names.anthropicBaseUrl] ?? '',
    });
    const body = {
      model: 'claude-opus-5-5',
      max_tokens: 64,
      messages: [{ role: 'user' as const, content: 'hi' }],
    };
    const whole = await client.messages.create(body);
    const streamed = await client.messages.stream(body).finalMessage();
    assert.equal(whole.content[0]?.type, 'text');
    const { usedToday } = await running.until(({ sessions }) => sessions[0]?.requests === 2);
    assert.equal(usedToday.outputTokens, whole.usage.output_tokens + streamed.usage.output_tokens);
    assert.equal(usedToday.inputTokens, whole.usage.input_tokens + streamed.usage.input_tokens);
  });

  it('a batch’s results are metered once', async () => {
    await begin();
    const { overlay } = await running.open('batches');
    const client = new Anthropic({
      apiKey: overlay[names.anthropicApiKey] ?? '',
      baseURL: overlay[names.anthropicBaseUrl] ?? '',
    });
    const params = { model: 'claude-opus-5-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] };
    const requests = Array.from({ length: 40 }, (_, index) => ({ custom_id: `request-${index}`, params }));
    requests.push({ custom_id: 'wrong', params: { ...params, max_tokens: 0 } });
    const { id, request_counts: counts } = await client.messages.batches.create({ requests });
    assert.deepEqual([counts.succeeded, counts.errored], [40, 1]);
    const results = (): Promise<string> =>
      client
        .get(`/v1/messages/batches/${id}/results`)
        .asResponse()
        .then((answer) => answer.text());
    assert.equal((await results()).trim().split('\n').length, 41);
    const { requests: asked, answered429, answered401, faults, ...tokens } = upstream.served().total;
    assert.ok(tokens.outputTokens > 0 && tokens.inputTokens > 0);
    assert.equal(asked + answered429 + answered401 + faults, 0, 'nothing of it was a message’s request');
    await running.until(({ usedToday }) => usedToday.outputTokens === tokens.outputTokens);
    await results();
    // Something that is counted behind the second reading.
    const message = await client.messages.create(params);
    const { usedToday, sessions } = await running.until(
      ({ usedToday: used }) => used.outputTokens >= tokens.outputTokens + message.usage.output_tokens,
    );
    assert.equal(usedToday.outputTokens, tokens.outputTokens + message.usage.output_tokens);
    assert.equal(usedToday.inputTokens, tokens.inputTokens + message.usage.input_tokens);
    assert.deepEqual(sessions[0]?.usage, usedToday);
    const history = await running.engine.history({ span: 'day', by: 'model' });
    assert.ok(JSON.stringify(history).includes('claude-opus-5-5 (batch)'));
  });

  it('the launcher starts the CLI under a session that ends with it', async () => {
    await begin();
    const { address, home } = await running.engine.launcherEndpoint();
    const launcher = path.join(repositoryRoot, 'dist', 'launcher.cjs');
    const args = [launcher, 'run', '--agent', 'launched', '--', await claudeBinary(), '-p', 'say hi'];
    const control = { [launcherVariables.socket]: address, [launcherVariables.home]: home };
    const run = await runProgram(process.execPath, args, control);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /Hello from the simulated upstream/);
    assert.deepEqual(Object.keys(upstream.served().byKey), [realKey]);
    await running.until(({ sessions }) => sessions.length === 0);
  });

  it('an engine that dies comes back on the same port, with sessions and their tokens as they were', async () => {
    await begin();
    const { overlay, sessionId } = await running.open('survivor');
    assert.equal((await runClaude(['-p', 'say hi'], overlay)).code, 0);
    const before = await running.until(({ sessions }) => (sessions[0]?.requests ?? 0) > 0);
    await running.kill();
    const after = await running.until(({ sessions }) => sessions.length > 0);
    assert.equal(after.gatewayUrl, before.gatewayUrl);
    assert.equal(after.sessions[0]?.sessionId, sessionId);
    assert.deepEqual(after.usedToday, before.usedToday);
    assert.equal((await runClaude(['-p', 'say hi'], overlay)).code, 0);
    assert.ok(running.log.some((line) => line.includes('The engine has died')));
  });

  it('a ledger that is damaged while it is used is set aside, and agents can be started again', async () => {
    await begin();
    await running.open('before');
    const file = path.join(running.storageDirectory, 'ledger.sqlite');
    // What is in the write-ahead log only is brought into the file, and the file's pages are then overwritten.
    const database = new DatabaseSync(file);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    const size = statSync(file).size;
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
    closeSync(handle);
    const auth = await untilAnswered(() => running.open('after'));
    assert.equal((await runClaude(['-p', 'say hi'], auth.overlay)).code, 0);
    assert.deepEqual(
      running.problems.map(({ code }) => code),
      ['ledger-damaged'],
    );
    assert.ok(readdirSync(running.storageDirectory).some((name) => name.includes('.damaged-')));
  });

  it('no file and no log line holds the real key, a session’s token, a prompt or an answer', async () => {
    await begin();
    const { overlay } = await running.open('secretive');
    const prompt = 'mention-the-heron-of-4711';
    const input = { command: 'echo the-otter-of-4712', description: 'Say what is there' };
    // In whole pieces, so that they can be found; an answer that is cut and an error are told of in other ways.
    upstream.behave({ deltaEvents: 1, faults: [{ kind: 'cutMidStream', afterEvents: 4 }, { kind: 'errorEvent' }] });
    const run = await runClaude(['-p', prompt], overlay);
    assert.match(run.stdout, /Hello from the simulated upstream/);
    upstream.behave({ toolUse: { name: 'Bash', input } });
    assert.equal((await runClaude(['-p', prompt, '--allowedTools', 'Bash'], overlay)).code, 0);
    const asked = upstream.requests.map(({ body }) => String(body)).join();
    for (const said of [prompt, 'Hello from the simulated upstream', 'the-otter-of-4712'])
      assert.ok(asked.includes(said), `${said} went through the gateway`);
    await running.engine.testAuthentication();
    upstream.behave({ acceptedKeys: [] });
    await runClaude(['-p', prompt, '--max-turns', '1'], {
      ...overlay,
      API_TIMEOUT_MS: '2000',
      CLAUDE_CODE_MAX_RETRIES: '0',
    });
    await running.engine.testAuthentication();
    const shown = JSON.stringify([await running.engine.snapshot(), await running.engine.events(0), running.problems]);
    const written = running.everythingWritten();
    assert.ok(written.includes('secretive'), 'what is looked through is the ledger');
    assert.ok(running.log.length > 0);
    for (const secret of [realKey, overlay[names.anthropicApiKey] ?? 'x', prompt, 'Hello from', 'the-otter-of-4712'])
      assert.ok(!`${written}${shown}`.includes(secret), secret);
  });
});
