import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostDriver } from '../host/driverClient.ts';
import { beginLongAnswer, hasFinished, midStream, midStreamFile } from './midStream.ts';
import { clearWindow, hostIsKilled, until } from './quotaWindow.ts';

/** What is run in a plain terminal before the reload: starts an agent in the moment in which there is no engine. */
const lateStart = `
const { readdirSync, readFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const { AGENT_QUOTA_HOME: home, AGENT_QUOTA_SOCKET: socket } = process.env;
const records = () => readdirSync(home).filter((name) => name.endsWith('.json')).map((name) => readFileSync(home + '/' + name, 'utf8'));
const isGone = () => records().some((text) => text.includes(socket) && text.includes('leftAt'));
const agent = 'require("node:fs").writeFileSync(process.argv[1], String(process.env.CLAUDE_SESSION_ID))';
const look = setInterval(() => {
  if (!isGone()) return;
  clearInterval(look);
  spawnSync('agent-quota', ['run', '--agent', 'late', '--', process.execPath, '-e', agent, process.argv[2]], { stdio: 'ignore' });
}, 20);
`;

describe('the real CLI in the middle of a long answer', function () {
  this.timeout(180_000);

  it('is at work when the window is reloaded @stream-runs', async () => {
    writeFileSync(midStreamFile('late.cjs'), lateStart);
    const late = `ELECTRON_RUN_AS_NODE=1 "${process.execPath}" "${midStreamFile('late.cjs')}" "${midStreamFile('late session')}"`;
    await beginLongAnswer('reload', late);
    await hostDriver().reload({ name: 'after a reload in mid-stream', grep: '@stream-cut' });
  });

  it('finishes by its own retry, on the same port and with the same key, and is booked to the token @stream-cut', async () => {
    await hasFinished('reload');
  });

  it('has beside it an agent that was started while there was no engine, with a session of this window @stream-cut', async () => {
    const { sessionId: ofTerminal } = midStream('reload');
    await until('the agent has run', () => existsSync(midStreamFile('late session')));
    const sessionId = readFileSync(midStreamFile('late session'), 'utf8');
    assert.match(sessionId, /^[\w-]{21}$/);
    assert.notEqual(sessionId, ofTerminal);
  });

  it('is at work when the extension host is killed @stream-cut', async () => {
    await beginLongAnswer('kill');
    // Of one that is killed nothing runs any more.
    process.once('exit', () => {
      writeFileSync(midStreamFile('orderly end'), '');
    });
    await hostDriver().reload({ name: 'after a kill in mid-stream', grep: '@stream-killed', hostIsKilled });
  });

  it('finishes likewise @stream-killed', async () => {
    if (hostIsKilled) assert.ok(!existsSync(midStreamFile('orderly end')), 'the extension host was killed');
    await hasFinished('kill');
    await clearWindow();
  });
});
