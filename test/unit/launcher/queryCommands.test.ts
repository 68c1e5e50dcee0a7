import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { queryCommands } from '../../../src/launcher/commandNames.ts';
import { sampleNow, sampleSession, sampleSnapshot } from '../vscode/samples.ts';
import { CommandTester, healthWith, rejectedKey } from './commandTester.ts';
import { documentSchemas, failureSchema } from './documentSchemas.ts';
import { keepSecret, type LauncherEnd, startLauncher, testSecret } from './startedLauncher.ts';

const minute = 60_000;

describe('commands of the launcher', function () {
  // Each starts a few processes one after another.
  this.timeout(60_000);
  let tester: CommandTester;

  beforeEach(async () => {
    tester = await CommandTester.start();
  });
  afterEach(() => tester.close());

  it('test says what came of the call', async () => {
    const works = await tester.run(['test']);
    const text = 'The key from ANTHROPIC_API_KEY works: https://api.example answered in 123 ms.\n';
    assert.deepEqual([works.code, works.stdout, works.stderr], [0, text, '']);
    assert.equal(documentSchemas.test.parse((await tester.json('test'))[1]).ok, true);
    tester.engine.test = { kind: 'fails', endpoint: 'https://api.example', problem: rejectedKey };
    const fails = await tester.run(['test']);
    assert.equal(fails.code, 1);
    assert.match(fails.stdout, /^Authentication does not work \(https:\/\/api\.example\): The key was rejected\./);
    const [code, document] = await tester.json('test');
    const parsed = documentSchemas.test.parse(document);
    assert.equal(code, 1);
    assert.ok(!parsed.ok && parsed.error.code === 'key-rejected' && parsed.test.kind === 'fails');
    tester.engine.test = { kind: 'subscription', source: '~/.claude', mode: 'observed' };
    assert.equal(documentSchemas.test.parse((await tester.json('test'))[1]).ok, true);
  });

  it('cleanup says what it did', async () => {
    assert.match((await tester.run(['cleanup'])).stdout, /^Nothing to clean up: .* in the last 30 min\.\n$/);
    const ended = { ...sampleSession(), state: 'ended', endedAt: sampleNow, endReason: 'process-ended' } as const;
    const idle = { ...sampleSession({ agentId: 'agent-2' }), state: 'idle', idleSince: sampleNow } as const;
    tester.engine.cleaned = { changed: [ended, idle], inactivityMs: 30 * minute };
    const { code, stdout } = await tester.run(['cleanup']);
    assert.equal(code, 0);
    assert.match(stdout, /^1 session ended, because the process is gone: agent-1\. 1 slot given back after 30 min/);
    const parsed = documentSchemas.cleanup.parse((await tester.json('cleanup'))[1]);
    assert.deepEqual([parsed.ended.length, parsed.idle.length, parsed.inactivitySeconds], [1, 1, 1800]);
  });

  it('sessions says which are paused, have a weight, and were started by another', async () => {
    const pausedAt = Date.parse('2026-01-02T03:04:05Z');
    tester.engine.shown = sampleSnapshot({
      sessions: [sampleSession({ pausedAt, weight: 2, parentSessionId: 'parent' }), sampleSession()],
    });
    const document = documentSchemas.sessions.parse((await tester.json('sessions'))[1]);
    const [steered, plain] = document.ok ? document.sessions : [];
    assert.deepEqual(
      [steered?.activity, steered?.paused, steered?.pausedAt, steered?.weight, steered?.parentSessionId],
      ['paused', true, '2026-01-02T03:04:05Z', 2, 'parent'],
    );
    for (const name of ['paused', 'pausedAt', 'weight', 'parentSessionId']) assert.ok(plain && !(name in plain), name);
  });

  it('release ends the session that is meant', async () => {
    tester.engine.shown = sampleSnapshot({
      sessions: [sampleSession({ sessionId: '-Fx9a3GXR8', runningRequests: 1 }), sampleSession({ agentId: 'other' })],
    });
    const { code, stdout } = await tester.run(['release', '-Fx']);
    assert.equal(code, 0);
    assert.match(stdout, /^Session -Fx9a3GXR8 of agent-1 is released: its key is dead .* 1 request .* cut off\.\n$/);
    const [, document] = await tester.json('release', 'other');
    const parsed = documentSchemas.release.parse(document);
    assert.ok(parsed.ok && parsed.released.sessionId === 'session-1');
    assert.deepEqual(tester.engine.calls, ['release -Fx9a3GXR8', 'release session-1']);
  });

  it('release ends none where there is none, or more than one', async () => {
    tester.engine.shown = sampleSnapshot({
      sessions: [sampleSession({ sessionId: 'V1StGXR8_Z5' }), sampleSession({ sessionId: 'V1StGXR8_Y6' })],
    });
    const none = await tester.run(['release', 'nobody']);
    assert.deepEqual([none.code, none.stdout], [1, '']);
    assert.match(none.stderr, /^agent-quota: There is no live session "nobody"\. agent-quota sessions lists them\.\n$/);
    const several = await tester.run(['release', 'agent-1']);
    assert.deepEqual([several.code, several.stdout], [1, '']);
    assert.match(several.stderr, /"agent-1" may be any of 2 sessions, so none was released/);
    assert.match(several.stderr, /\nV1StGXR8_Z {2}agent-1 {2}ready {2}shop\nV1StGXR8_Y {2}agent-1/);
    const [code, document] = await tester.json('release', 'V1');
    const parsed = documentSchemas.release.parse(document);
    assert.equal(code, 1);
    assert.ok(!parsed.ok && parsed.error.code === 'ambiguous' && parsed.candidates?.length === 2);
    const missing = documentSchemas.release.parse((await tester.json('release', 'nobody'))[1]);
    assert.ok(!missing.ok && missing.error.code === 'no-session' && missing.candidates === undefined);
    assert.deepEqual(tester.engine.calls, []);
  });

  it('all say that there is no engine and what to do, with 69', async () => {
    await tester.server.close();
    for (const command of queryCommands) {
      const args = command === 'release' ? [command, 'x'] : [command];
      const [text, document] = await Promise.all([tester.run(args), tester.run([...args, '--json'])]);
      assert.deepEqual([text.code, text.stdout, document.code, document.stderr], [69, '', 69, '']);
      assert.match(text.stderr, /^agent-quota: There is no engine to ask: .+\. Open a VS Code window .+\.\n$/);
      const { error, ...parsed } = failureSchema.parse(JSON.parse(document.stdout));
      assert.deepEqual([parsed.command, error.code], [command, 'no-engine']);
    }
    const elsewhere = await startLauncher(['status'], undefined).end;
    assert.equal(elsewhere.code, 69);
    assert.match(elsewhere.stderr, /this is no terminal of a VS Code window with Agent Quota/);
  });

  it('say why an engine does not answer, with 69', async () => {
    tester.queries = undefined;
    assert.match((await tester.run(['status'])).stderr, /the engine has just started/);
    tester.queries = tester.engine;
    await keepSecret(tester.directory, testSecret.toUpperCase());
    const foreign = await tester.run(['status']);
    await keepSecret(tester.directory);
    assert.equal(foreign.code, 69);
    assert.match(foreign.stderr, /opened for another engine/);
    const says = async (...lines: string[]): Promise<LauncherEnd> => {
      const other = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end(lines.map((each) => `${each}\n`).join(''));
      });
      const address =
        process.platform === 'win32'
          ? `${tester.server.address}-2`
          : path.join(path.dirname(tester.server.address), 'o.sock');
      other.listen(address);
      await once(other, 'listening');
      const end = await startLauncher(['status'], { socket: address, home: tester.directory }).end;
      other.close();
      return end;
    };
    const welcome = '{"type":"welcome","version":1}';
    for (const lines of [[welcome, '{"type":"answer","answer":{"what":"status"}}'], [welcome, 'no JSON'], [welcome]]) {
      const { code, stdout, stderr } = await says(...lines);
      assert.deepEqual([code, stdout], [69, '']);
      assert.match(stderr, /does not understand|closed the connection/);
    }
  });

  it('say what is wrong with the command line in JSON too, with 64', async () => {
    for (const args of [['bogus'], ['status', '--bogus'], ['release']]) {
      const [code, document] = await tester.json(...args);
      assert.equal(code, 64);
      assert.equal(failureSchema.parse(document).error.code, 'usage');
    }
  });

  it('are coloured where the user wants it, and never in JSON', async () => {
    tester.engine.shown = sampleSnapshot({ health: healthWith('error') });
    const escapes = '\u001b[';
    assert.ok(!(await tester.run(['status'])).stdout.includes(escapes), 'a pipe is no terminal');
    assert.ok((await tester.run(['status'], { FORCE_COLOR: '1' })).stdout.includes(`${escapes}31merror`));
    assert.ok(!(await tester.run(['status'], { FORCE_COLOR: '0' })).stdout.includes(escapes));
    assert.ok(!(await tester.run(['status'], { NO_COLOR: '1' })).stdout.includes(escapes));
    assert.ok(!(await tester.run(['status', '--json'], { FORCE_COLOR: '1' })).stdout.includes(escapes));
  });

  it('have help of their own, that fits a terminal', async () => {
    const all = await startLauncher(['--help'], undefined).end;
    for (const command of queryCommands) {
      const { code, stdout } = await startLauncher([command, '--help'], undefined).end;
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Usage:\n {2}agent-quota ${command}`));
      assert.match(stdout, /Exit codes: 0/);
      assert.match(all.stdout, new RegExp(`^ {2}${command} `, 'm'));
      for (const line of [...stdout.split('\n'), ...all.stdout.split('\n')]) assert.ok(line.length <= 88, line);
    }
  });

  it('do not mind a reader that reads only the first lines', async () => {
    const sessions = Array.from({ length: 3000 }, (_, index) => sampleSession({ sessionId: `session-${index}` }));
    tester.engine.shown = sampleSnapshot({ sessions });
    const launcher = startLauncher(['sessions'], tester.address);
    await launcher.printed(/^ID/);
    launcher.child.stdout?.destroy();
    const { code, stderr } = await launcher.end;
    assert.deepEqual([code, stderr], [0, '']);
  });
});
