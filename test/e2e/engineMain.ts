// An engine in a process of its own, for tests that give it an environment of its own: opens one session, writes its
// overlay as a line of JSON, and ends when its input does.
//   node engineMain.ts BASE_URL [login]
import { once } from 'node:events';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { startEngine } from './runningEngine.ts';

const [baseUrl = '', credentials] = process.argv.slice(2);
const login = { kind: 'subscription', source: 'a sign-in', mode: 'routed', baseUrl } as const;
const running = await startEngine(
  baseUrl,
  apiKeyPlan({ tokensPerMinute: 10_000_000 }),
  credentials === 'login' ? { terms: { credentials: login } } : {},
);
const { overlay } = await running.open('agent');
process.stdout.write(`${JSON.stringify(overlay)}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
await running.close();
