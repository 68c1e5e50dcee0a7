import assert from 'node:assert/strict';
import path from 'node:path';
import { addUsage, noUsage, type Usage } from '../../../src/core/usage.ts';
import { bookedRequests } from './bookedRequests.ts';
import { startObservedWorld, type ObservedWorld } from './observedWorld.ts';

const people = {
  one: { accountUuid: '11111111-2222-4333-8444-555555555551', emailAddress: 'one@example.com' },
  two: { accountUuid: '11111111-2222-4333-8444-555555555552', emailAddress: 'two@example.com' },
} as const;
const organizationUuid = '99999999-2222-4333-8444-555555555555';

describe('observing the real CLI on two accounts', function () {
  this.timeout(120_000);
  let world: ObservedWorld;
  beforeEach(async () => {
    world = await startObservedWorld();
  });
  afterEach(() => world.close());

  /** Signs somebody in in a configuration directory of their own. @returns its path. */
  async function signedIn(who: keyof typeof people): Promise<string> {
    const directory = `config of ${who}`;
    const oauthAccount = { ...people[who], organizationUuid, organizationName: 'Somewhere' };
    await world.write(path.join(directory, '.claude.json'), { hasCompletedOnboarding: true, oauthAccount });
    const claudeAiOauth = {
      accessToken: 'sk-ant-oat01-simulated',
      refreshToken: 'sk-ant-ort01-simulated',
      expiresAt: 4_000_000_000_000,
      scopes: ['user:inference', 'user:profile'],
      subscriptionType: 'max',
    };
    return path.dirname(await world.write(path.join(directory, '.credentials.json'), { claudeAiOauth }));
  }

  it('never takes them for one, in two windows and in one, and keeps nothing of who they are', async () => {
    const [one, two] = [await signedIn('one'), await signedIn('two')];
    const second = await world.otherWindow();
    try {
      const args = ['-p', 'say hi'];
      assert.equal((await world.observed(args, { configDirectory: one })).code, 0);
      const first = await world.running.until(({ usedToday }) => usedToday.outputTokens > 0);
      assert.equal((await world.observed(args, { configDirectory: two, window: second })).code, 0);
      const other = await second.until(
        ({ planId, usedToday }) => planId !== first.planId && usedToday.outputTokens > 0,
      );
      assert.match(first.planId, /^MaxSubscription-.{12}$/);
      assert.match(other.planId, /^MaxSubscription-.{12}$/);
      const perAccount = (planId: string): Usage =>
        bookedRequests(world.running.storageDirectory)
          .filter((request) => request.planId === planId)
          .map(({ usage }) => usage)
          .reduce(addUsage, noUsage);
      assert.deepEqual(first.usedToday, perAccount(first.planId));
      assert.deepEqual(other.usedToday, perAccount(other.planId));
      const { requests, answered429, answered401, faults, ...tokens } = world.upstream.served().total;
      assert.deepEqual(addUsage(first.usedToday, other.usedToday), tokens);
      assert.equal(requests, bookedRequests(world.running.storageDirectory).length);
      assert.equal(answered429 + answered401 + faults, 0);
      // The second window's account in the first one.
      assert.equal((await world.observed(args, { configDirectory: two })).code, 0);
      await second.until(({ usedToday }) => usedToday.outputTokens > other.usedToday.outputTokens);
      const written = world.running.everythingWritten() + second.everythingWritten();
      for (const { accountUuid, emailAddress } of Object.values(people))
        for (const secret of [accountUuid, emailAddress, organizationUuid])
          assert.ok(!written.includes(secret), secret);
    } finally {
      await second.stop();
    }
  });
});
