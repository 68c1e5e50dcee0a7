import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import type { DetectedCredentials } from '../../src/core/credentials.ts';
import type { EngineConfiguration, QuotaEngine } from '../../src/core/quotaEngine.ts';
import { EngineConfigurator } from '../../src/vscode/engineConfigurator.ts';
import { Notices } from '../../src/vscode/notices.ts';
import { SettingsReader } from '../../src/vscode/settingsReader.ts';
import { hostDriver } from '../host/driverClient.ts';
import type { engineFailsOnce } from '../host/extensionCopy.ts';
import { agentQuota, ask, clearWindow, scratch, shownNotifications, until } from './quotaWindow.ts';

/** VS Code gives out a channel of one name once only. */
const log = vscode.window.createOutputChannel('Agent Quota (test)', { log: true });
after(() => {
  log.dispose();
});

const failsOnce = (): string => {
  const name: typeof engineFailsOnce = 'engine fails once';
  return path.join(scratch(), name);
};

describe('a window whose engine cannot be started at first', function () {
  this.timeout(60_000);

  it('is opened again @engine-runs', async () => {
    await clearWindow();
    writeFileSync(failsOnce(), '');
    await hostDriver().reload({ name: 'after a start that failed', grep: '@engine-failed' });
  });

  it('is active with everything in place, and works once the engine runs @engine-failed', async () => {
    const api = await agentQuota();
    assert.ok(!existsSync(failsOnce()), 'the first start has failed');
    assert.equal(vscode.extensions.getExtension('agent-quota.agent-quota')?.isActive, true);
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      Object.values(commands).filter((id) => !known.has(id)),
      [],
    );
    const auth = await api.setupClaudeAgentAuth('late riser');
    assert.equal(auth.kind, 'refused', 'a name with a space');
    const good = await api.setupClaudeAgentAuth('late-riser');
    assert.equal(good.kind, 'authenticated');
    const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = good.overlay;
    assert.equal(await ask(url ?? '', token ?? ''), 200);
    await until('the status bar counts it', async () => {
      const bar = await hostDriver().evaluate(`document.querySelector('.statusbar')?.innerText ?? ''`);
      return /1\/\d+ agents/.test(String(bar));
    });
    await vscode.commands.executeCommand(commands.newAgentTerminal);
    await until('an agent terminal opens', () => vscode.window.terminals.some(({ name }) => name.includes('agent-1')));
    await hostDriver().screenshot('engine-started-again');
    await clearWindow();
  });
});

describe('what the engine is told', function () {
  this.timeout(20_000);
  const clock = {
    now: () => Date.now(),
    after: (delayMs: number, callback: () => void) => {
      const timer = setTimeout(callback, delayMs);
      return () => {
        clearTimeout(timer);
      };
    },
  };
  const detected: DetectedCredentials = {
    credentials: { kind: 'subscription', source: 'a test', mode: 'observed' },
    problems: [],
  };

  /** Tells an engine that fails, or credentials that cannot be looked for, as often as it says. */
  async function tell(failures: { readonly detect: number; readonly engine: number }): Promise<EngineConfiguration[]> {
    const left = { ...failures };
    const told: EngineConfiguration[] = [];
    const engine = {
      configure: (configuration: EngineConfiguration) => {
        if (left.engine-- > 0) return Promise.reject(new Error('The engine has died.'));
        told.push(configuration);
        return Promise.resolve();
      },
    } as unknown as QuotaEngine;
    const detect = (): Promise<DetectedCredentials> =>
      left.detect-- > 0 ? Promise.reject(new Error('The disk is not there.')) : Promise.resolve(detected);
    const settings = new SettingsReader(() => undefined);
    const configurator = new EngineConfigurator(engine, settings, detect, {}, new Notices(log), clock);
    try {
      await configurator.send();
      assert.equal(told.length, failures.detect + failures.engine === 0 ? 1 : 0);
      await configurator.told();
      assert.equal(configurator.plan?.kind, 'MaxSubscription');
      return told;
    } finally {
      for (const part of [configurator, settings]) part.dispose();
    }
  }

  it('is told again when it has died, or when the credentials could not be looked for', async () => {
    assert.equal((await tell({ detect: 0, engine: 0 })).length, 1);
    assert.equal((await tell({ detect: 1, engine: 0 })).length, 1);
    assert.equal((await tell({ detect: 0, engine: 1 })).length, 1);
    assert.doesNotMatch(await shownNotifications(), /your settings and credentials/);
  });

  it('is announced when it fails again', async () => {
    await vscode.commands.executeCommand('notifications.clearAll');
    const [configuration] = await tell({ detect: 1, engine: 1 });
    assert.deepEqual(configuration?.credentials, detected.credentials);
    await until('it is said', async () =>
      (await shownNotifications()).includes('Could not tell the engine your settings and credentials'),
    );
    await vscode.commands.executeCommand('notifications.clearAll');
  });
});

describe('a command that was under way when the engine died', () => {
  it('says so, and that it may be tried again', async () => {
    await vscode.commands.executeCommand('notifications.clearAll');
    const cause = new Error('The engine of Agent Quota was started again. Try again.');
    cause.name = 'EngineDiedError';
    new Notices(log).failed('release the session', cause);
    const said = await until('the notice', async () => {
      const text = await shownNotifications();
      return text.includes('release the session') ? text : undefined;
    });
    assert.match(said, /Could not release the session\. The engine of Agent Quota was started again\. Try again\./);
    await vscode.commands.executeCommand('notifications.clearAll');
  });
});
