// An engine in a process of its own, for tests that give it an environment of its own or stop its process: opens one
// session, writes what there is to know of it as a line of JSON, and ends when its input does.
//   node engineMain.ts BASE_URL key|login|observed
import { once } from 'node:events';
import type { Credentials } from '../../src/core/credentials.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../src/core/plan.ts';
import { startEngine } from './runningEngine.ts';

const [baseUrl = '', credentials] = process.argv.slice(2);
const login = { kind: 'subscription', source: 'a sign-in' } as const;
const own: Readonly<Record<string, Credentials>> = {
  login: { ...login, mode: 'routed', baseUrl },
  observed: { ...login, mode: 'observed' },
};
const found = own[credentials ?? ''];
const plan =
  credentials === 'observed'
    ? maxSubscriptionPlan({ dailyTokens: 10_000_000 })
    : apiKeyPlan({ tokensPerMinute: 10_000_000 });
const running = await startEngine(baseUrl, plan, found === undefined ? {} : { terms: { credentials: found } });
const { overlay } = await running.open('agent');
const { storageDirectory, engine } = running;
process.stdout.write(`${JSON.stringify({ overlay, storageDirectory, launcher: await engine.launcherEndpoint() })}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
await running.close();
