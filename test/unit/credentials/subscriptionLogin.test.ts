import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findSubscriptionLogin, SubscriptionLogin } from '../../../src/credentials/subscriptionLogin.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';

describe('subscription login', () => {
  let home: string;
  const login = '{"claudeAiOauth":{"accessToken":"secret"}}';

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'some one '));
  });
  afterEach(async () => {
    await rm(home, { recursive: true });
  });

  it('is not there', async () => {
    await mkdir(path.join(home, '.claude'));
    assert.equal(await findSubscriptionLogin({ environment: {}, platform: 'linux', home }), undefined);
    await writeFile(path.join(home, '.claude', '.credentials.json'), '{}');
    const environment = { CLAUDE_CODE_OAUTH_TOKEN: ' ', CLAUDE_CONFIG_DIR: '' };
    assert.equal(await findSubscriptionLogin({ environment, platform: 'linux', home }), undefined);
  });

  it('that was there is looked for twice before it is taken to be gone', async () => {
    const clock = new FakeClock();
    const found = new SubscriptionLogin(clock);
    const places = { environment: {}, platform: 'linux', home } as const;
    const file = path.join(home, '.claude', '.credentials.json');
    await mkdir(path.dirname(file));
    assert.equal(await found.find(places), undefined, 'at once where there was none');
    await writeFile(file, login);
    assert.ok((await found.find(places)) !== undefined);
    const secondLook = async (before: () => Promise<void>): Promise<string | undefined> => {
      await writeFile(file, '');
      const looked = found.find(places);
      while (clock.timers === 0) await new Promise(setImmediate);
      await before();
      await clock.advance(1000);
      return looked;
    };
    assert.ok((await secondLook(() => writeFile(file, login))) !== undefined, 'it was only written anew');
    assert.equal(await secondLook(() => rm(file)), undefined, 'the user has signed out');
    assert.equal(await found.find(places), undefined);
  });

  it('is in a variable, named but not shown', async () => {
    const environment = { CLAUDE_CODE_OAUTH_TOKEN: 'secret' };
    const found = await findSubscriptionLogin({ environment, platform: 'linux', home });
    assert.equal(found, 'CLAUDE_CODE_OAUTH_TOKEN');
  });

  it('is in a file that is not read', async () => {
    const file = path.join(home, '.claude', '.credentials.json');
    await mkdir(path.dirname(file));
    await writeFile(file, login);
    await chmod(file, 0);
    const found = await findSubscriptionLogin({ environment: {}, platform: 'linux', home });
    assert.equal(found, `Claude Code's sign-in (${path.join('~', '.claude', '.credentials.json')})`);
  });

  it('is in the configured directory and there only', async () => {
    const configured = path.join(home, 'my config');
    await mkdir(path.join(home, '.claude'));
    await writeFile(path.join(home, '.claude', '.credentials.json'), login);
    const places = { environment: { CLAUDE_CONFIG_DIR: configured }, platform: 'linux', home } as const;
    assert.equal(await findSubscriptionLogin(places), undefined);
    await mkdir(configured);
    await writeFile(path.join(configured, '.credentials.json'), login);
    assert.match((await findSubscriptionLogin(places)) ?? '', /my config/);
    assert.match(
      (await findSubscriptionLogin({ ...places, home: '/elsewhere' })) ?? '',
      new RegExp(`${home}.*my config`),
    );
  });

  it('is in the keychain of macOS, by one name for each configuration', async () => {
    const asked: string[] = [];
    const keychainHolds = (service: string): Promise<boolean> => {
      asked.push(service);
      return Promise.resolve(true);
    };
    const places = { environment: {}, platform: 'darwin', home, keychainHolds } as const;
    assert.equal(await findSubscriptionLogin(places), "Claude Code's sign-in (macOS keychain)");
    await findSubscriptionLogin({ ...places, environment: { CLAUDE_CONFIG_DIR: '/tmp/x' } });
    assert.deepEqual(asked, ['Claude Code-credentials', 'Claude Code-credentials-2e56aa36']);
    assert.equal(await findSubscriptionLogin({ ...places, platform: 'linux' }), undefined);
  });

  it('is not there when the keychain cannot be asked', async function () {
    if (process.platform === 'darwin') this.skip();
    assert.equal(await findSubscriptionLogin({ environment: {}, platform: 'darwin', home }), undefined);
  });

  it('is not there where the keychain cannot be asked', async () => {
    const keychainHolds = (): Promise<boolean> => Promise.reject(new Error('spawn E2BIG'));
    assert.equal(await findSubscriptionLogin({ environment: {}, platform: 'darwin', home, keychainHolds }), undefined);
  });
});
