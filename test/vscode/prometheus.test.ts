import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands, settings } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import { set, shownNotifications, until } from './quotaWindow.ts';
import { run } from './sessionsScreen.ts';

const question = 'serves no metrics to Prometheus';
const button = (text: string): string => `.notifications-center .monaco-button:has-text("${text}")`;

describe('Copy Prometheus Scrape Configuration', function () {
  this.timeout(60_000);

  beforeEach(async () => {
    await set(settings.metricsPrometheus, undefined);
    await run('notifications.clearAll');
  });
  after(async () => {
    await set(settings.metricsPrometheus, undefined);
    await run('notifications.clearAll');
  });

  it('asks first, and copies what opens this window’s metrics', async () => {
    await vscode.env.clipboard.writeText('what was there before');
    const copied = run(commands.copyPrometheusConfiguration);
    await until('the question', async () => (await shownNotifications()).includes(question));
    assert.equal(await vscode.env.clipboard.readText(), 'what was there before', 'nothing is copied unasked');
    await hostDriver().click(button('Serve Metrics'));
    await copied;
    assert.equal(vscode.workspace.getConfiguration().inspect(settings.metricsPrometheus)?.globalValue, true);
    await until('it says so', async () => (await shownNotifications()).includes('keep the file to yourself'));
    const text = await vscode.env.clipboard.readText();
    const found = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? assert.fail(`${String(pattern)}: ${text}`);
    assert.equal(found(/window: "(.*)"/), vscode.workspace.name);
    const url = `http://${found(/targets: \["(.*)"\]/)}${found(/metrics_path: (.*)/)}`;
    const page = await fetch(url, { headers: { authorization: `Bearer ${found(/credentials: "(.*)"/)}` } });
    assert.equal(page.status, 200);
    assert.match(await page.text(), /^agent_quota_limit_size\{.*agent_quota_limit_dimension="slots".*\} 8$/m);
    assert.equal((await fetch(url)).status, 401, 'and nobody else');
  });

  it('changes and copies nothing for who does not want it', async () => {
    await vscode.env.clipboard.writeText('what was there before');
    const copied = run(commands.copyPrometheusConfiguration);
    await until('the question', async () => (await shownNotifications()).includes(question));
    await run('notifications.clearAll');
    await copied;
    assert.equal(vscode.workspace.getConfiguration().inspect(settings.metricsPrometheus)?.globalValue, undefined);
    assert.equal(await vscode.env.clipboard.readText(), 'what was there before');
  });
});
