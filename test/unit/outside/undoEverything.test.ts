import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { OutsideChanges } from '../../../src/outside/outsideChanges.ts';
import { panelSetting } from '../../../src/outside/panelSetting.ts';
import { outsideDirectory } from '../../../src/outside/undoRecord.ts';
import { keepPanelWrapper, keepServiceWrapper } from '../../../src/shims/outsideWrappers.ts';
import { repositoryRoot } from '../../host/paths.ts';

describe('uninstalling the extension', function () {
  this.timeout(20_000);
  let home: string;
  let userSettings: string;
  let claudeSettings: string;
  const settingsIn = (...names: string[]): string => path.join(userSettings, ...names, 'settings.json');

  const changesOf = (storage: string, extensions: string): OutsideChanges => {
    const directory = outsideDirectory(home, storage);
    const targets = { version: '0.1.0', node: process.execPath, launcher: '/gone', home: '/engines' };
    return new OutsideChanges({
      directory,
      extensions,
      userSettings,
      claudeSettings,
      inheritedWrapper: undefined,
      keepPanelWrapper: (own) => keepPanelWrapper({ directory, targets }, own),
      keepServiceWrapper: () => keepServiceWrapper({ directory, targets }),
    });
  };
  const put = async (changes: OutsideChanges): Promise<string> => {
    const answer = await changes.offerService();
    if (answer.kind === 'refused') assert.fail(answer.reason.message);
    await answer.offer.accept();
    return changes.beginPanel(true, '/opt/own');
  };
  /** Runs the script as VS Code does: forked from the extension's folder, with nothing of VS Code's. */
  const uninstall = async (extension: string): Promise<void> => {
    const script = path.join(extension, 'dist', 'uninstall.cjs');
    await build({
      entryPoints: [path.join(repositoryRoot, 'src', 'uninstall.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
      logLevel: 'silent',
    });
    const env = { ...process.env, HOME: home, USERPROFILE: home };
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [script, '--type=extension-post-uninstall'],
      {
        env,
      },
    );
    assert.equal(stdout + stderr, '');
  };

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'home of one '));
    userSettings = path.join(home, 'Code', 'User');
    claudeSettings = path.join(home, '.claude', 'settings.json');
    for (const directory of ['.', 'profiles/work', '../Machine'])
      await mkdir(path.join(userSettings, directory), { recursive: true });
    await mkdir(path.dirname(claudeSettings));
  });
  afterEach(() => rm(home, { recursive: true }));

  it('puts back every setting that is still ours, and no other', async () => {
    const original = '{\n  "env": { "A": "1" }\n}\n';
    await writeFile(claudeSettings, original);
    const ours = await put(changesOf('/storage', path.join(home, 'extensions')));
    const withOurs = `{\n  // mine\n  "editor.fontSize": 12,\n  "${panelSetting}": ${JSON.stringify(ours)},\n  "x": 1,\n}\n`;
    await writeFile(settingsIn(), withOurs);
    await writeFile(settingsIn('profiles', 'work'), `{"${panelSetting}": "/opt/other"}`);
    await writeFile(settingsIn('..', 'Machine'), withOurs);
    await uninstall(path.join(home, 'extensions', 'agent-quota.agent-quota-0.1.0'));

    const back = withOurs.replace(JSON.stringify(ours), '"/opt/own"');
    assert.equal(await readFile(settingsIn(), 'utf8'), back);
    assert.equal(await readFile(settingsIn('..', 'Machine'), 'utf8'), back);
    assert.equal(await readFile(settingsIn('profiles', 'work'), 'utf8'), `{"${panelSetting}": "/opt/other"}`);
    assert.equal(await readFile(claudeSettings, 'utf8'), original);
    const { stdout } = await promisify(execFile)(ours, [process.execPath, '-p', '"still runs"'], { env: process.env });
    assert.equal(stdout.trim(), 'still runs', 'what was started with the wrapper goes on');
  });

  it('leaves what another kind of VS Code has changed', async () => {
    await writeFile(claudeSettings, '{}');
    const ours = await put(changesOf('/storage of another', path.join(home, 'other extensions')));
    await writeFile(settingsIn(), JSON.stringify({ [panelSetting]: ours }));
    const before = [await readFile(settingsIn(), 'utf8'), await readFile(claudeSettings, 'utf8')];
    await uninstall(path.join(home, 'extensions', 'agent-quota.agent-quota-0.1.0'));
    assert.deepEqual([await readFile(settingsIn(), 'utf8'), await readFile(claudeSettings, 'utf8')], before);
  });

  it('finds what was changed by this user alone, and no secret there', async function () {
    if (process.platform === 'win32') this.skip();
    await writeFile(claudeSettings, '{"env":{"ANTHROPIC_AUTH_TOKEN":"the-users-own-token"},"x":1}');
    await put(changesOf('/storage', '/extensions'));
    const directory = outsideDirectory(home, '/storage');
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    for (const name of await readdir(directory)) {
      assert.equal((await stat(path.join(directory, name))).mode & 0o077, 0, name);
      assert.ok(!(await readFile(path.join(directory, name), 'utf8')).includes('the-users-own-token'), name);
    }
  });

  it('is not needed to undo it, and a refused file is told', async () => {
    await writeFile(claudeSettings, '{"a": 1}');
    const changes = changesOf('/storage', '/extensions');
    assert.deepEqual(await changes.undoService(), { kind: 'nothing' });
    await put(changes);
    assert.equal(await changes.isServiceUnderQuota(), true);
    assert.equal(
      (await changesOf('/storage', '/extensions').panelChange())?.before,
      '/opt/own',
      'another window knows',
    );
    await writeFile(claudeSettings, '{"a": ');
    const refused = await changes.undoService();
    assert.equal(refused.kind, 'refused');
    const offer = await changes.offerService();
    if (offer.kind !== 'refused') assert.fail('it cannot be changed');
    assert.match(
      offer.reason.message,
      /Nothing was changed in Claude Code's settings, .*settings\.json\. It is no valid JSON/,
    );
    assert.equal(await readFile(claudeSettings, 'utf8'), '{"a": ');
  });
});
