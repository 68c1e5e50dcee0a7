import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('the test host', () => {
  it('is a VS Code that the extension supports', () => {
    const [major = 0, minor = 0] = vscode.version.split('.').map(Number);
    assert.ok(major > 1 || minor >= 101, vscode.version);
  });

  it('has a workspace folder and commands', async () => {
    assert.equal(vscode.workspace.workspaceFolders?.length, 1);
    const commands = await vscode.commands.getCommands(true);
    assert.ok(commands.includes('workbench.action.reloadWindow'));
  });
});
