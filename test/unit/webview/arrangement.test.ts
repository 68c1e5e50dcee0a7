import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DashboardFigures, DashboardRow } from '../../../src/shared/dashboardParts.ts';
import { arrange, type Arrangement, firstArrangement, sortKeys } from '../../../src/webview/arrangement.ts';

const noFigures: DashboardFigures = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  tokens: 0,
  rate: 0,
  waiting: 0,
  requests: 0,
};

function row(id: string, figures: Partial<DashboardFigures> = {}, changes: Partial<DashboardRow> = {}): DashboardRow {
  return {
    id,
    agent: `agent-${id}`,
    activity: 'ready',
    state: 'ready',
    model: 'opus',
    workspace: 'shop',
    since: Number(id),
    age: '',
    session: { figures: { ...noFigures, ...figures }, steerable: true, paused: false, hasTerminal: false },
    ...changes,
  };
}

function waiting(id: string): DashboardRow {
  const { session, ...rest } = row(id, {}, { activity: 'waiting', state: 'waiting, place 1', model: '' });
  assert.ok(session);
  return rest;
}

function ids(rows: readonly DashboardRow[], changes: Partial<Arrangement>): string[] {
  return arrange(rows, { ...firstArrangement, ...changes }).map(({ id }) => id);
}

describe('the arrangement of the sessions', () => {
  it('has the oldest first', () => {
    assert.deepEqual(ids([row('3'), row('1'), row('2')], {}), ['1', '2', '3']);
  });

  it('has those that were opened in the same millisecond as they came', () => {
    const rows = ['b', 'c', 'a'].map((id) => row(id, {}, { since: 7 }));
    assert.deepEqual(ids(rows, {}), ['b', 'c', 'a']);
    assert.deepEqual(ids(rows, { sortKey: 'tokens', descending: true }), ['b', 'c', 'a']);
  });

  it('sorts numbers as numbers and names with numbers as people do', () => {
    const rows = [row('2', { tokens: 100 }), row('10', { tokens: 9 }), row('1', { tokens: 20 })];
    assert.deepEqual(ids(rows, { sortKey: 'tokens', descending: true }), ['2', '1', '10']);
    assert.deepEqual(ids(rows, { sortKey: 'agent', descending: false }), ['1', '2', '10']);
  });

  it('puts what has no value last, in either direction', () => {
    const cost = { usd: 1, text: '$1', detail: '' };
    const rows = [waiting('1'), row('2', { cost }), row('3')];
    for (const descending of [true, false])
      assert.deepEqual(ids(rows, { sortKey: 'cost', descending }), ['2', '1', '3'], `${descending}`);
  });

  it('shows the rows in which every word is found, and of one state', () => {
    const rows = [row('1', {}, { workspace: 'Bakery' }), row('2', {}, { activity: 'paused' }), waiting('3')];
    assert.deepEqual(ids(rows, { words: 'bakery AGENT' }), ['1']);
    assert.deepEqual(ids(rows, { words: 'bakery agent-2' }), []);
    assert.deepEqual(ids(rows, { activity: 'paused' }), ['2']);
    assert.deepEqual(ids(rows, { words: 'place' }), ['3']);
  });

  it('loses no row and has one order, whatever came first', () => {
    const rows = fc.uniqueArray(
      fc.record({ id: fc.nat({ max: 50 }), tokens: fc.nat({ max: 3 }), waits: fc.boolean() }),
      { selector: ({ id }) => id, maxLength: 12 },
    );
    fc.assert(
      fc.property(rows, fc.constantFrom(...sortKeys), fc.boolean(), (given, sortKey, descending) => {
        const made = given.map(({ id, tokens, waits }) => (waits ? waiting(`${id}`) : row(`${id}`, { tokens })));
        const sorted = ids(made, { sortKey, descending });
        assert.deepEqual(ids(made.toReversed(), { sortKey, descending }), sorted);
        assert.deepEqual([...sorted].sort(), made.map(({ id }) => id).sort());
      }),
    );
  });
});
