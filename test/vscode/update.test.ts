import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { hostDriver } from '../host/driverClient.ts';
import { newestVersion } from '../host/packedExtension.ts';
import { beginLongAnswer, hasFinished, midStreamFile } from './midStream.ts';
import { agentQuota, agentTerminalPrefix, clearWindow, until } from './quotaWindow.ts';

function running(): vscode.Extension<unknown> | undefined {
  return vscode.extensions.getExtension('agent-quota.agent-quota');
}

const versionOf = (extension: vscode.Extension<unknown> | undefined): unknown =>
  (extension?.packageJSON as { version?: unknown } | undefined)?.version;

/** As the user's *Install from VSIX…* does. */
async function install(variable: string): Promise<void> {
  const file = process.env[variable];
  assert.ok(file, `${variable} is set by the runner`);
  await vscode.commands.executeCommand('workbench.extensions.installExtension', vscode.Uri.file(file));
}

describe('the extension, installed from a package', function () {
  this.timeout(180_000);

  it('runs without a reload @update-comes', async () => {
    assert.equal(running(), undefined);
    await install('AGENT_QUOTA_TEST_PACKAGE');
    await until('it is there', running);
    await agentQuota();
  });

  it('goes on as it is while a newer one is put beside it, in the middle of the real CLI’s long answer @update-comes', async () => {
    await beginLongAnswer('update');
    const version = versionOf(running());
    await install('AGENT_QUOTA_TEST_NEWER_PACKAGE');
    assert.equal(versionOf(running()), version);
    assert.ok(!existsSync(midStreamFile('update answer')), 'the answer is still under way');
    await hostDriver().reload({ name: 'after an update in mid-stream', grep: '@update-done' });
  });

  // On a server VS Code applies an update in this way; to restart the extension host alone is a command of the desktop's.
  it('is the newer one when the window is reloaded @update-done', () => {
    assert.equal(versionOf(running()), newestVersion);
    assert.ok(running()?.extensionPath.includes(newestVersion), 'with code of its own');
  });

  it('has the CLI finish by its own retry, on the same port and with the same key, booked to its session @update-done', async () => {
    await hasFinished('update');
  });

  it('is what the commands of a terminal of before lead to @update-done', async () => {
    const terminal = await until('the terminal is back', () =>
      vscode.window.terminals.find(({ name }) => name.startsWith(agentTerminalPrefix)),
    );
    const file = midStreamFile('version');
    terminal.sendText(`agent-quota --version > "${file}.part"; mv "${file}.part" "${file}"`);
    await until('the command has run', () => existsSync(file));
    assert.equal(readFileSync(file, 'utf8'), `${newestVersion}\n`);
    await clearWindow();
  });
});
