import assert from 'node:assert/strict';
import { SessionPaces } from '../../../src/core/sessionPaces.ts';
import type { LiveSession } from '../../../src/core/session.ts';
import { sampleSession } from '../vscode/samples.ts';
import { tokens } from '../ledger/ledgerTester.ts';

const second = 1000;
const minute = 60 * second;
const start = Date.UTC(2026, 0, 15, 12);

function session(used: number, createdAt = start, sessionId = 's'): LiveSession {
  const { state, ...rest } = sampleSession({ sessionId, createdAt, usage: tokens(used) });
  assert.equal(state, 'active');
  return { state: 'active', ...rest };
}

describe('paces of sessions', () => {
  it('are what was used in the last three minutes', () => {
    const paces = new SessionPaces();
    for (let at = 0; at <= 10 * minute; at += 250) paces.take([session(at < 5 * minute ? at : 5 * minute)], start + at);
    assert.equal(paces.take([session(5 * minute)], start + 10 * minute).get('s'), 0);
    const later = paces.take([session(5 * minute + 9000)], start + 10 * minute + 250).get('s') ?? 0;
    assert.ok(later >= 2800 && later <= 3001, String(later));
  });

  it('of a young session begin with it, and are no great ones for a first request', () => {
    const paces = new SessionPaces();
    assert.equal(paces.take([session(5000)], start + second).get('s'), 5000);
    assert.equal(paces.take([session(5000)], start + 2 * minute).get('s'), 2500);
  });

  it('of one that ran before it was seen are what it uses from then on', () => {
    const paces = new SessionPaces();
    const old = start - 60 * minute;
    assert.equal(paces.take([session(1_000_000, old)], start).get('s'), 0);
    assert.equal(paces.take([session(1_002_000, old)], start + 2 * minute).get('s'), 1000);
  });

  it('end with the session, and bear a clock that is set back', () => {
    const paces = new SessionPaces();
    paces.take([session(10), session(20, start, 'other')], start + minute);
    assert.deepEqual([...paces.take([session(10)], start + minute).keys()], ['s']);
    const back = paces.take([session(500)], start - 60 * minute).get('s') ?? -1;
    assert.ok(back >= 0);
  });
});
