import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EngineReports, engineReports } from '../../../../src/launcher/observed/engineReports.ts';
import { relayVariables } from '../../../../src/launcher/observed/relayVariables.ts';
import { type ReportRelay, startReportRelay } from '../../../../src/launcher/observed/reportRelay.ts';

const main = path.resolve(import.meta.dirname, '..', '..', '..', '..', 'src', 'launcher', 'main.ts');
const nowhere = 'http://127.0.0.1:1/token';

describe('the relay between an agent and the engine', () => {
  let relay: ReportRelay;
  const sent: [where: string, report: object][] = [];
  const stopped: string[] = [];
  afterEach(() => {
    relay.close();
    sent.length = stopped.length = 0;
  });

  async function start(reports: EngineReports): Promise<void> {
    const nothing = (): void => undefined;
    const onStopped = (reason: string): void => void stopped.push(reason);
    relay = await startReportRelay({ reports, onWaiting: nothing, onWaited: nothing, onStopped });
  }
  const post = (where: string, body: string, key = relay.key): Promise<Response> =>
    fetch(`${relay.url}${where}`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body });
  const answering = (answer: string | undefined): EngineReports => ({
    send: (where, report) => {
      sent.push([where, report]);
      return Promise.resolve(answer);
    },
  });

  it('says go on when there is no engine, and when what comes is no report', async () => {
    await start(engineReports(() => nowhere));
    for (const where of ['/hooks/UserPromptSubmit', '/hooks/Stop', '/status-line', '/else'])
      assert.equal((await post(where, '{"session_id":"s"}')).status, 204, where);
    assert.equal((await post('/hooks/PreToolUse', 'no JSON')).status, 204);
  });

  it('passes on what the engine answers, and nothing of what is said in the conversation', async () => {
    const stop = '{"continue":false,"stopReason":"enough"}';
    await start(answering(stop));
    const body = { session_id: 's', transcript_path: '/t', prompt: 'secret', tool_input: { command: 'secret' } };
    const answer = await post('/hooks/PreToolUse', JSON.stringify(body));
    assert.deepEqual([answer.status, await answer.text()], [200, stop]);
    assert.deepEqual(sent, [['/hooks/PreToolUse', { session_id: 's', transcript_path: '/t' }]]);
    assert.deepEqual(stopped, ['enough']);
  });

  it('answers nobody who does not show the key', async () => {
    await start(answering('{}'));
    assert.equal((await post('/hooks/Stop', '{}', 'guessed')).status, 404);
    assert.deepEqual(sent, []);
  });
});

describe('agent-quota status-line', function () {
  this.timeout(20_000);
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'aq status line '));
    await mkdir(path.join(home, '.claude'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  async function draw(input: string, environment: Record<string, string> = {}): Promise<[Buffer, number | null]> {
    const child = spawn(process.execPath, [main, 'status-line'], {
      cwd: home,
      env: { PATH: process.env['PATH'], CLAUDE_CONFIG_DIR: path.join(home, '.claude'), ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    return [Buffer.concat(chunks), code];
  }
  const settings = (name: string, command: string): Promise<void> =>
    writeFile(path.join(home, '.claude', name), JSON.stringify({ statusLine: { type: 'command', command } }));
  const node = `'${process.execPath}' -e`;

  it('draws the user’s own byte for byte, with the same input and exit code', async () => {
    const script =
      'process.stdin.pipe(process.stdout).on("error",()=>0);process.exitCode=3;process.stdin.on("end",()=>process.stdout.write(Buffer.from([0,255,27,10])))';
    await settings('settings.json', `${node} '${script}'`);
    const input = '{"model":"ä","rate_limits":{}}\n';
    const [drawn, code] = await draw(input, { [relayVariables.url]: nowhere, [relayVariables.key]: 'k' });
    assert.deepEqual(drawn, Buffer.concat([Buffer.from(input), Buffer.from([0, 255, 27, 10])]));
    assert.equal(code, 3);
  });

  it('runs the strongest one, without our variables', async () => {
    await settings('settings.json', 'echo user');
    assert.equal(String((await draw('{}'))[0]), 'user\n');
    await settings('settings.local.json', 'echo local "$AGENT_QUOTA_RELAY_KEY"');
    const input = JSON.stringify({ workspace: { project_dir: home } });
    assert.equal(String((await draw(input, { [relayVariables.key]: 'k' }))[0]), 'local \n');
    const given = JSON.stringify({ type: 'command', command: 'echo given' });
    assert.equal(String((await draw('{}', { [relayVariables.statusLine]: given }))[0]), 'given\n');
  });

  it('draws the engine’s line where there is no other, and nothing without an engine', async () => {
    const nothing = (): void => undefined;
    const reports: EngineReports = { send: () => Promise.resolve('{"text":"reviewer · 5h 42 %"}') };
    const relay = await startReportRelay({ reports, onWaiting: nothing, onWaited: nothing, onStopped: nothing });
    try {
      const place = { [relayVariables.url]: relay.url, [relayVariables.key]: relay.key };
      assert.equal(String((await draw('{}', place))[0]), 'reviewer · 5h 42 %\n');
    } finally {
      relay.close();
    }
    assert.deepEqual(await draw('{}'), [Buffer.alloc(0), 0]);
  });
});
