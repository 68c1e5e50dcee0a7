import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { settings } from '../../src/contributions.ts';
import type { LimitStatus } from '../../src/shared/limitStatus.ts';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, clearWindow, set, shownNotifications, until, userData } from './quotaWindow.ts';
import { badge, open, run, statusBar } from './sessionsScreen.ts';

const driver = hostDriver();

/** A user setting as it is on the disk, whichever window has written it: windows in a browser hear late of each other's. */
function written(name: string): string | undefined {
  const files = ['User', path.join('data', 'User')].map((folder) => path.join(userData(), folder, 'settings.json'));
  const file = files.find((each) => existsSync(each));
  const settingsText = file === undefined ? '{}' : readFileSync(file, 'utf8');
  return JSON.stringify((JSON.parse(settingsText) as Record<string, unknown>)[name]);
}

describe('notifications about the quota', function () {
  this.timeout(60_000);

  after(async () => {
    await driver.otherWindow(false);
    await clearWindow();
    for (const id of [settings.plan, settings.maxSubscriptionDailyTokens, settings.notifyAtPercent]) {
      await set(id, undefined);
    }
    await run('notifications.clearAll');
  });

  it('come once for two windows, which show the same numbers, and can be turned off', async function () {
    await clearWindow();
    await run('notifications.clearAll');
    await set(settings.plan, 'MaxSubscription');
    await set(settings.maxSubscriptionDailyTokens, 100_000_000);
    // What no other test has been told of today.
    await set(settings.notifyAtPercent, [76]);
    const api = await agentQuota();
    const day = async (): Promise<LimitStatus | undefined> =>
      (await api.quotaStatus()).limits.find(({ dimension }) => dimension === 'tokensPerDay');
    await until('the plan is the day’s', async () => (await day())?.limit === 100_000_000);
    const session = await open('spender');
    // Several changes within a quarter of a second it sees as one.
    await until('the window says that little is used', async () => /^\s*(0|<1)% · 1\/5 agents/.test(await statusBar()));
    const before = (await day())?.used ?? 0;
    assert.equal(await session.ask(), 200);
    const each = await until('it is counted', async () => ((await day())?.used ?? 0) - before);
    // Less than 76 % is used; with the next request, or a few more where much was used before, it is.
    const limit = Math.ceil(Math.max((before + 2 * each) / 0.8, (before + each) / 0.755));
    await set(settings.maxSubscriptionDailyTokens, limit);
    await until('the limit holds', async () => (await day())?.limit === limit);
    if (!(await driver.otherWindow(true))) this.skip();
    await until('both say one', async () => (await statusBar('other window')).includes('1/5 agents'), 60_000);
    assert.equal(await statusBar('other window'), await statusBar());
    for (;;) {
      assert.equal(await session.ask(), 200);
      if (((await day())?.percentage ?? 0) >= 76) break;
    }
    await until(
      'both windows show it',
      async () =>
        /^\s*(7[6-9]|8\d)%/.test(await statusBar()) && (await statusBar()) === (await statusBar('other window')),
    );
    assert.equal(await badge(), await badge('other window'));
    const shown = async (within: 'workbench' | 'other window'): Promise<number> =>
      Number(
        await driver.evaluate(
          `[...document.querySelectorAll('.notification-list-item')].filter(({ innerText }) => innerText.includes('76% is used')).length`,
          { within },
        ),
      );
    /** Opens both windows' notification centres: toasts are not shown while tests run. */
    const told = async (): Promise<number> => {
      await shownNotifications();
      const isOpen = `!!document.querySelector('.notifications-center.visible')`;
      if ((await driver.evaluate(isOpen, { within: 'other window' })) !== true) {
        await driver.click('[id="status.notifications"] a', { within: 'other window' });
      }
      return (await shown('workbench')) + (await shown('other window'));
    };
    await until('one of them tells it', async () => (await told()) === 1);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal(await told(), 1);
    const within = (await shown('workbench')) === 1 ? 'workbench' : 'other window';
    // The tooltip of what was clicked last must not lie over the buttons.
    await driver.hover('.editor-group-watermark', { within });
    await driver.screenshot('threshold', { within });
    await driver.click('.notifications-center .monaco-button:has-text("Show Again")', { within });
    await until('the setting says never', () => written(settings.notifyAtPercent) === '[]');
  });

  it('leave the status bar to say what the user wants it to', async () => {
    await set(settings.statusBarFormat, '${running} of ${slots} agents');
    await until('it says that', async () => (await statusBar()).trim() === '1 of 5 agents');
    await set(settings.statusBarFormat, '${nothing}');
    await until('a bad one is reported', async () =>
      (await shownNotifications()).includes('agentQuota.statusBar.format'),
    );
    await set(settings.statusBarFormat, undefined);
  });
});
