import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { settings } from '../../src/contributions.ts';
import { RoutedConsent } from '../../src/vscode/routedConsent.ts';
import { SettingsReader } from '../../src/vscode/settingsReader.ts';
import { agentQuota, clearWindow, everythingOnDisk, lookAgain, set, until, withEnvironment } from './quotaWindow.ts';

const login = 'sk-ant-oat01-the-login-of-a-user-in-the-window-LOGIN';
const value = (): unknown => vscode.workspace.getConfiguration().inspect(settings.subscriptionMode)?.globalValue;

describe('a subscription login', function () {
  this.timeout(60_000);

  afterEach(async () => {
    await set(settings.subscriptionMode, undefined);
    await set(settings.maxSubscriptionDailyTokens, undefined);
    await clearWindow();
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  it('is observed until the user has agreed to its being routed, and is in no file', async () => {
    // Other tests may have used up the day of whoever tells no account.
    await set(settings.maxSubscriptionDailyTokens, 100_000_000);
    const environment = { ANTHROPIC_API_KEY: undefined, CLAUDE_API_KEY: undefined, CLAUDE_CODE_OAUTH_TOKEN: login };
    await withEnvironment(environment, async () => {
      const api = await agentQuota();
      for (const mode of [undefined, 'routed']) {
        await set(settings.subscriptionMode, mode);
        // It is set back where the question for consent is shown.
        await until('the setting is there', () => [mode, 'observed'].includes(value() as string | undefined));
        await lookAgain();
        const auth = await api.setupClaudeAgentAuth('subscriber');
        assert.ok(auth.kind === 'authenticated', JSON.stringify(auth));
        assert.equal(auth.mode, 'observed');
        assert.equal(auth.overlay['ANTHROPIC_BASE_URL'], undefined);
        await api.releaseAgentAuth('subscriber');
      }
    });
    const holding = everythingOnDisk().filter(({ content }) => content.includes(login));
    assert.deepEqual(
      holding.map(({ file }) => file),
      [],
    );
  });

  // VS Code shows no modal dialogs while tests run, so the answer is given here.
  it('is routed by a setting and a consent, and a refusal sets the setting back', async () => {
    const reader = new SettingsReader((problem) => {
      assert.fail(problem.message);
    });
    const answers = [undefined, 'Route My Login'];
    const kept = new Map<string, unknown>();
    const changed: string[] = [];
    const consent: RoutedConsent = new RoutedConsent({
      agreed: {
        get: (key: string) => kept.get(key),
        update: (key: string, given: unknown) => {
          kept.set(key, given);
          return Promise.resolve();
        },
      } as ConstructorParameters<typeof RoutedConsent>[0]['agreed'],
      settings: reader,
      notices: {
        failed: (what) => {
          assert.fail(what);
        },
      },
      ask: () => Promise.resolve(answers.shift()),
      isFocused: () => true,
      changed: () => changed.push(consent.mode),
    });
    await set(settings.subscriptionMode, 'routed');
    await until('the setting is read', () => reader.current.subscriptionMode === 'routed');
    await consent.consider();
    assert.equal(value(), 'observed');
    assert.equal(consent.mode, 'observed');

    await set(settings.subscriptionMode, 'routed');
    await until('the setting is read', () => reader.current.subscriptionMode === 'routed');
    await consent.consider();
    assert.deepEqual([value(), consent.mode, changed], ['routed', 'routed', ['routed']]);
    reader.dispose();
  });
});
