import { commands } from '../../src/contributions.ts';
import { hostDriver } from '../host/driverClient.ts';
import { set, until } from './quotaWindow.ts';
import { run } from './sessionsScreen.ts';

const driver = hostDriver();

describe('the walkthrough', function () {
  this.timeout(60_000);

  after(async () => {
    await set('workbench.colorTheme', undefined);
    await run('workbench.action.closeAllEditors');
    await run('workbench.action.toggleSidebarVisibility');
    await driver.resize(1280, 800);
  });

  it('opens, with a picture for each step', async () => {
    // Beside a narrow page there is no room for pictures.
    await driver.resize(1700, 900);
    await run('workbench.action.closeSidebar');
    await run(commands.showWalkthrough);
    await until('its steps are there', async () => {
      const text = await driver.evaluate(`document.querySelector('.gettingStartedContainer')?.innerText ?? ''`);
      return String(text).includes('See whether your credentials work') && String(text).includes('Watch what it uses');
    });
    for (const [theme, name] of [
      ['Default Light Modern', 'light'],
      ['Default Dark Modern', 'dark'],
      ['Default High Contrast', 'contrast'],
    ] as const) {
      // All themes are looked at by `npm run test:long`.
      if (name !== 'dark' && (process.env['AGENT_QUOTA_LONG'] ?? '') === '') continue;
      await set('workbench.colorTheme', theme);
      for (const step of ['See whether', 'Say what', 'Start an agent', 'Watch what', 'See when']) {
        await driver.click(`.getting-started-step:has-text("${step}")`);
        await until('its picture is there', async () =>
          driver.evaluate(
            `document.querySelectorAll('.getting-started-media iframe, .getting-started-media img').length > 0`,
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, 300));
        await driver.screenshot(`walkthrough-${name}-${step.replaceAll(' ', '-')}`);
      }
    }
  });
});
