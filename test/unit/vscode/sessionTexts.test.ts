import assert from 'node:assert/strict';
import { authTestNotice } from '../../../src/shared/authTestNotice.ts';
import { cleanUpText } from '../../../src/shared/cleanUpText.ts';
import { nextAgentName } from '../../../src/vscode/nextAgentName.ts';
import { sessionActivity } from '../../../src/shared/sessionActivity.ts';
import { sessionRow, waitingRow } from '../../../src/vscode/sessionRow.ts';
import { sessionTooltip } from '../../../src/vscode/sessionTooltip.ts';
import type { ShownSession } from '../../../src/core/quotaEngine.ts';
import { waitingText } from '../../../src/vscode/waitingText.ts';
import { ticketToStart, waitingHere } from '../../../src/vscode/waitingHere.ts';
import { sampleNow, sampleSession, sampleSnapshot } from './samples.ts';

const here = { fails: false, otherAccount: false };

describe('rows of the Agent Sessions view', () => {
  it('say agent, tokens and age', () => {
    const row = sessionRow(sampleSession({ tokensPerMinute: 0 }), here, sampleNow);
    assert.equal(row.label, 'agent-1');
    assert.equal(row.description, '12.3k tokens · 5 min');
  });

  it('say how fast tokens are used, who waits, and what the user has done to it', () => {
    const text = (changes: Partial<ShownSession & { state: 'active' }>, around = here): string =>
      sessionRow(sampleSession(changes), around, sampleNow).description;
    assert.equal(text({}), '12.3k tokens · 2.4k/min');
    assert.equal(text({ waitingRequests: 2 }), '12.3k tokens · 2.4k/min · 2 waiting');
    assert.equal(text({ pausedAt: 1, waitingRequests: 2 }), 'paused · 12.3k tokens · 2.4k/min');
    assert.equal(text({}, { fails: false, otherAccount: true }), '12.3k tokens · 2.4k/min · other account');
  });

  it('say what the agent is doing', () => {
    const activities = [
      sampleSession({ runningRequests: 1, waitingRequests: 1 }),
      sampleSession({ waitingRequests: 1 }),
      sampleSession(),
      { ...sampleSession(), state: 'idle' as const, idleSince: sampleNow },
      sampleSession({ mode: 'unauthenticated', runningRequests: 1 }),
      sampleSession({ runningRequests: 1, pausedAt: sampleNow }),
    ].map((session) => sessionActivity(session));
    assert.deepEqual(activities, ['working', 'waiting', 'ready', 'idle', 'unauthenticated', 'paused']);
    assert.equal(sessionActivity(sampleSession({ runningRequests: 1 }), true), 'failing');
  });

  it('show the place in line', () => {
    const place = { ticket: 't', agentId: 'agent-6', place: 2, waitingSince: sampleNow - 61_000 };
    assert.equal(waitingRow(place, sampleNow).description, 'waiting, place 2 · 1 min');
  });

  it('tell everything in the tooltip, names as text', () => {
    const text = sessionTooltip(
      sampleSession({ workspace: '[a](command:b)|c', model: 'claude-opus-4-5' }),
      here,
      sampleNow,
    );
    for (const part of [
      '4711',
      'session\\-1',
      '12k in',
      '300 cache read',
      '45 out',
      '7 answered',
      '12 requests',
      'claude\\-opus',
    ]) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(!text.includes('](command:b)'));
  });
});

describe('the tooltip of an observed session', () => {
  it('says how what it uses is learned, once that is known', () => {
    const text = (observedBy?: 'telemetry' | 'transcripts') =>
      sessionTooltip(
        sampleSession({ mode: 'observed', ...(observedBy !== undefined && { observedBy }) }),
        here,
        sampleNow,
      );
    assert.match(text('telemetry'), /Usage from \| its own telemetry/);
    assert.match(text('transcripts'), /Usage from \| its transcripts/);
    assert.doesNotMatch(text(), /Usage from/);
  });

  it('says what of it is not heard, when that is for certain', () => {
    const aMinuteAgo = sampleNow - 60_000;
    const text = (more: Parameters<typeof sampleSession>[0]) =>
      /Not heard from \| ([^|]*)/.exec(
        sessionTooltip(sampleSession({ mode: 'observed', ...more }), here, sampleNow),
      )?.[1];
    assert.equal(text({ requests: 0 }), undefined, 'it may wait for its user');
    assert.equal(text({ heard: { telemetry: aMinuteAgo + 1 } }), undefined);
    assert.match(text({ heard: { telemetry: aMinuteAgo } }) ?? '', /its hooks, so its turns are not held/);
    assert.equal(text({ requests: 0, heard: { hooks: aMinuteAgo } }), undefined, 'its first turn may wait');
    assert.match(text({ requests: 0, heard: { hooks: 1, turn: aMinuteAgo } }) ?? '', /what it uses/);
    const told = { requests: 2, heard: { hooks: 1, turn: aMinuteAgo } };
    assert.match(text(told) ?? '', /its telemetry, so its transcripts tell/);
    assert.equal(text({ ...told, observedBy: 'transcripts' }), undefined);
    assert.equal(text({ ...told, heard: { ...told.heard, telemetry: 1 } }), undefined);
    assert.equal(text({ ...told, mode: 'routed' }), undefined);
  });
});

describe('texts of commands', () => {
  it('say what a clean-up did', () => {
    const ended = {
      ...sampleSession(),
      state: 'ended' as const,
      endedAt: sampleNow,
      endReason: 'process-ended' as const,
    };
    const idle = { ...sampleSession({ agentId: 'agent-2' }), state: 'idle' as const, idleSince: sampleNow };
    const text = cleanUpText([ended, idle], 1_800_000);
    assert.match(text, /^1 session ended, because the process is gone: agent-1\./);
    assert.match(text, /1 slot given back after 30 min without a request: agent-2\./);
    assert.match(cleanUpText([], 1_800_000), /^Nothing to clean up/);
  });

  it('say how the test of the credentials went', () => {
    const works = authTestNotice({
      kind: 'works',
      endpoint: 'https://x',
      latencyMs: 12.4,
      source: 'ANTHROPIC_API_KEY',
    });
    assert.equal(works.text, 'The key from ANTHROPIC_API_KEY works: https://x answered in 12 ms.');
    const problem = { code: 'c', severity: 'error', message: 'The key was rejected.', nextStep: 'Make one.' } as const;
    const fails = authTestNotice({ kind: 'fails', endpoint: 'https://x', problem });
    assert.equal(fails.text, 'Authentication does not work (https://x): The key was rejected. Make one.');
    assert.equal(fails.severity, 'error');
  });

  it('name the next agent with the lowest free number', () => {
    assert.equal(nextAgentName(new Set()), 'agent-1');
    assert.equal(nextAgentName(new Set(['agent-1', 'agent-3', 'other'])), 'agent-2');
  });
});

describe('the notification of agents that wait', () => {
  const place = (ticket: string, agentId: string, at: number) => ({
    ticket,
    agentId,
    place: at,
    waitingSince: sampleNow,
  });

  it('says who waits, and leads on to what helps', () => {
    const one = waitingText([place('t 1', 'agent-1', 2)]);
    assert.equal(
      one,
      'agent-1 waits for a slot, place 2 in line; all slots are taken. ' +
        '[Start anyway without quota](command:agentQuota.startWithoutQuota?%5B%22t%201%22%5D) · ' +
        '[Release one…](command:agentQuota.releaseSession) · Cancel refuses it',
    );
  });

  it('leads to agents of this window alone, and says so of others', () => {
    const line = [place('theirs', 'agent-1', 1), place('first', 'agent-2', 2), place('second', 'agent-3', 3)];
    const waiting = waitingHere(sampleSnapshot({ line, ownTickets: ['second', 'first', 'gone'] }));
    assert.deepEqual(
      waiting.map(({ ticket }) => ticket),
      ['first', 'second'],
    );
    assert.equal(ticketToStart(waiting, undefined), 'first');
    assert.equal(ticketToStart(waiting, 'second'), 'second');
    assert.throws(() => ticketToStart(waiting, 'theirs'), /does not wait in this window/);
    assert.throws(() => ticketToStart([], undefined), /No agent of this window waits/);
  });

  it('is one for all, and none for nobody', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((name, index) => place(name, name, index + 1));
    assert.match(
      waitingText(many) ?? '',
      /^5 agents wait for a slot: a \(place 1\), b \(place 2\), c \(place 3\), 2 more; all slots are taken\. \[Start a without/,
    );
    assert.match(waitingText(many) ?? '', / · Cancel refuses all of them$/);
    assert.equal(waitingText([]), undefined);
  });
});
