import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { type KeyCommandOutcome, runKeyCommand } from '../../../src/credentials/keyCommandRun.ts';
import { FakeSecrets } from '../../fakes/fakeSecrets.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';

const key = 'sk-ant-api03-printed-by-a-command';

describe('the command for a key', function () {
  this.timeout(30_000);
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => (directory = temporaryDirectory()));
  afterEach(() => {
    directory.remove();
  });

  /** In words that both shells read alike. */
  const node = (script: string): string => `"${process.execPath}" -e "${script}"`;

  function run(
    line: string,
    { signal = new AbortController().signal, timeoutMs = 20_000, secrets = [] as readonly string[] } = {},
  ): Promise<KeyCommandOutcome> {
    const { platform, env: environment } = process;
    return runKeyCommand(line, { platform, environment, directory: directory.path, timeoutMs }, secrets, signal);
  }
  const why = async (...given: Parameters<typeof run>): Promise<string> => {
    const outcome = await run(...given);
    assert.ok(outcome.kind === 'failed', 'it has failed');
    return outcome.why;
  };

  it('gives what it prints, without the space around it, and may say more on stderr', async () => {
    assert.deepEqual(await run(`echo ${key}`), { kind: 'key', key });
    const script = `console.error('warning'); console.log('  ${key}'); console.log()`;
    assert.deepEqual(await run(node(script)), { kind: 'key', key });
  });

  it('runs in the shell, in the directory, with the environment', async () => {
    const outcome = await run(node(`console.log(process.cwd().length + ':' + process.env.PATH.length)`) + ' && cd .');
    const where = directory.path.length;
    assert.ok(outcome.kind === 'key');
    assert.match(outcome.key, new RegExp(`^(${where}|\\d+):${process.env['PATH']?.length ?? 0}$`));
  });

  it('that fails is told by its exit code and the last line of stderr, never by stdout', async () => {
    const secret = 'hunter2-of-somebody';
    const script = `console.log('${secret}'); console.error('first'); console.error('no ${secret} or ${key}!'); process.exit(3)`;
    assert.equal(await why(node(script)), 'ended with exit code 3: no […] or […]!');
    assert.equal(await why(node('process.exit(4)')), 'ended with exit code 4');
    const known = `console.error('the old one, ab-cd, is over'); process.exit(1)`;
    assert.equal(await why(node(known), { secrets: ['ab-cd'] }), 'ended with exit code 1: the old one, […], is over');
  });

  it('that does not exist is said to be missing by the shell', async () => {
    assert.match(await why('agent-quota-no-such-program'), /^ended with exit code (127|1|9009): .*agent-quota-no-such/);
    const nowhere = { platform: process.platform, environment: process.env, timeoutMs: 1000 };
    const outcome = await runKeyCommand(
      'echo x',
      { ...nowhere, directory: path.join(directory.path, 'missing') },
      [],
      new AbortController().signal,
    );
    assert.deepEqual(outcome, { kind: 'failed', why: 'could not be started (ENOENT)' });
  });

  it('that the machine cannot start is told so, with what to do', async () => {
    const { platform, env: environment } = process;
    const file = path.join(directory.path, 'file');
    writeFileSync(file, '');
    const { signal } = new AbortController();
    const surroundings = { platform, environment, timeoutMs: 1000, directory: directory.path };
    const outcome = await runKeyCommand('echo x', { ...surroundings, directory: path.join(file, 'x') }, [], signal);
    assert.match(
      outcome.kind === 'failed' ? outcome.why : '',
      /^could not be started \((ENOTDIR\): your home|ENOENT\))/,
    );
    const long = { ...environment, LONG: 'x'.repeat(4_000_000) };
    const tooLong = await runKeyCommand('echo x', { ...surroundings, environment: long }, [], signal);
    assert.match(tooLong.kind === 'failed' ? tooLong.why : '', /^could not be started \(/);
  });

  it('that there are no file handles for is told so', async function () {
    if (process.platform === 'win32') this.skip();
    const source = import.meta.resolve('../../../src/credentials/secretCommandRun.ts');
    const script = `
      const { openSync } = await import('node:fs');
      const { runSecretCommand } = await import(${JSON.stringify(source)});
      const surroundings = { platform: process.platform, environment: {}, directory: '/', timeoutMs: 5000 };
      const run = () => runSecretCommand('echo x', surroundings, [], new AbortController().signal);
      await run();
      try { for (;;) openSync('/dev/null'); } catch {}
      const outcome = await run();
      process.stdout.write(JSON.stringify(outcome));`;
    const shell = `ulimit -n 200; exec "$0" --input-type=module -e "$1"`;
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', shell, process.execPath, script]);
    assert.match(stdout, /"why":"could not be started \(EMFILE\): too many files are open\. Close/);
  });

  it('that prints no key is told so, without what it printed', async () => {
    const token = new FakeSecrets().token();
    assert.equal(await why(node('')), 'printed what is no key: it is empty');
    for (const text of [`Your key: ${key}`, `${key}\\n${key}`, token]) {
      const said = await why(node(`console.log('${text}')`));
      assert.match(said, /^printed what is no key: it (has a space|is the key of an agent’s session)/);
      assert.ok(!said.includes(key) && !said.includes(token));
    }
    assert.match(await why(node(`process.stdout.write('x y'.repeat(1e6))`)), /^printed what is no key/);
  });

  /** Starts a process that writes a file a moment later, unless it is ended by then. */
  const grandchild = `require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => require(\\'fs\\').writeFileSync(\\'late\\', \\'\\'), 1500)'], { stdio: 'inherit' })`;

  it('that takes too long is ended with all that it has started', async () => {
    assert.equal(await why(node(grandchild), { timeoutMs: 500 }), 'did not end within 1 seconds and was stopped');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.ok(!existsSync(path.join(directory.path, 'late')));
  });

  it('is ended when it is no longer wanted', async () => {
    const stop = new AbortController();
    const running = run(node(`setInterval(() => undefined, 1000)`), { signal: stop.signal });
    setTimeout(() => {
      stop.abort();
    }, 100);
    assert.deepEqual(await running, { kind: 'failed', why: 'was stopped' });
    assert.deepEqual(await run('echo x', { signal: stop.signal }), { kind: 'failed', why: 'was stopped' });
  });

  it('may leave something running that holds its output open', async () => {
    const daemon = `require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => 0, 20000)'], { stdio: 'inherit', detached: true }).unref(); console.log('${key}')`;
    const startedAt = performance.now();
    assert.deepEqual(await run(node(daemon)), { kind: 'key', key });
    assert.ok(performance.now() - startedAt < 15_000);
  });
});
