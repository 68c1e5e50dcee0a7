import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { OutsideChanges } from '../../src/outside/outsideChanges.ts';
import { panelSetting } from '../../src/outside/panelSetting.ts';
import { outsideDirectory } from '../../src/outside/undoRecord.ts';
import { keepPanelWrapper, keepServiceWrapper } from '../../src/shims/outsideWrappers.ts';
import { cleanEnvironment } from '../host/cleanEnvironment.ts';
import { startGuarded } from '../host/guardedProcess.ts';
import { ensureInstalled } from '../host/installation.ts';
import { packExtension } from '../host/packedExtension.ts';
import { repositoryRoot } from '../host/paths.ts';

describe('uninstalling from a real VS Code', function () {
  this.timeout(120_000);
  let root: string;
  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'aq uninstall '));
  });
  after(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

  it('puts the settings of others back, and leaves what runs through our wrappers running', async () => {
    const { serverMain } = await ensureInstalled();
    const home = path.join(root, 'home');
    const data = path.join(root, 'data');
    const extensions = path.join(data, 'extensions');
    const env = cleanEnvironment({ HOME: home, USERPROFILE: home });
    const base = [serverMain, '--server-data-dir', data, '--accept-server-license-terms'];
    const server = (...args: string[]) => promisify(execFile)(process.execPath, [...base, ...args], { env });
    await server('--install-extension', await packExtension({ parent: root }));
    const installed = (await readdir(extensions)).find((name) => name.startsWith('agent-quota.agent-quota-'));
    assert.ok(installed);
    const built = (await readdir(path.join(repositoryRoot, 'dist'))).filter((name) => !name.endsWith('.map'));
    assert.deepEqual(
      (await readdir(path.join(extensions, installed, 'dist'))).sort(),
      built.sort(),
      'all that is built is in the package',
    );

    const directory = outsideDirectory(
      home,
      path.join(data, 'data', 'User', 'globalStorage', 'agent-quota.agent-quota'),
    );
    const targets = { version: '0.1.0', node: process.execPath, launcher: '/gone', home: '/engines' };
    const claudeSettings = path.join(home, '.claude', 'settings.json');
    const machineSettings = path.join(data, 'data', 'Machine', 'settings.json');
    for (const file of [claudeSettings, machineSettings]) await mkdir(path.dirname(file), { recursive: true });
    await writeFile(claudeSettings, '{"model": "opus"}');
    const changes = new OutsideChanges({
      directory,
      extensions,
      userSettings: path.join(data, 'data', 'User'),
      claudeSettings,
      inheritedWrapper: undefined,
      keepPanelWrapper: (own) => keepPanelWrapper({ directory, targets }, own),
      keepServiceWrapper: () => keepServiceWrapper({ directory, targets }),
    });
    const answer = await changes.offerService();
    if (answer.kind === 'refused') assert.fail(answer.reason.message);
    await answer.offer.accept();
    const ours = await changes.beginPanel(true, '/opt/own');
    const settings = (value: string): string => `{\n  // mine\n  "${panelSetting}": ${JSON.stringify(value)},\n}\n`;
    await writeFile(machineSettings, settings(ours));

    await server('--uninstall-extension', 'agent-quota.agent-quota');
    const lines: string[] = [];
    const started = startGuarded({
      command: process.execPath,
      args: [...base, '--host', '127.0.0.1', '--port', '0', '--without-connection-token'],
      env,
      onLine: (line) => lines.push(line),
    });
    try {
      const deadline = Date.now() + 30_000;
      while ((await readdir(extensions)).some((name) => name.startsWith('agent-quota.'))) {
        assert.ok(Date.now() < deadline, lines.join('\n'));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    } finally {
      await started.stop();
    }
    assert.equal(await readFile(machineSettings, 'utf8'), settings('/opt/own'), lines.join('\n'));
    assert.equal(await readFile(claudeSettings, 'utf8'), '{"model": "opus"}');
    assert.deepEqual((await readdir(directory)).sort(), ['claude-panel-wrapper', 'claude-process-wrapper']);
  });
});
