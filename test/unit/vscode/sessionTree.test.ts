import assert from 'node:assert/strict';
import fc from 'fast-check';
import { noUsage } from '../../../src/core/usage.ts';
import { changedRows } from '../../../src/vscode/changedRows.ts';
import { childSessions } from '../../../src/vscode/childSessions.ts';
import { type SessionTree, sessionTree, type TreeSource, type TreeWish } from '../../../src/vscode/sessionTree.ts';
import { sharedText } from '../../../src/vscode/sharedText.ts';
import { treeMessage } from '../../../src/vscode/treeMessage.ts';
import { sampleMachine, sampleNow, sampleOtherSession, sampleSession, sampleSnapshot } from './samples.ts';

const wish: TreeWish = { grouping: 'workspace', filter: '', workspace: 'shop', inTerminal: new Set() };
const subagent = (subagentId: string, parentId?: string) => ({
  subagentId,
  parentId,
  requests: 1,
  usage: noUsage,
  lastAt: sampleNow,
});
const sessions = [
  sampleSession({ sessionId: 's1', agentId: 'reviewer', subagents: [subagent('a'), subagent('b', 'a')] }),
  sampleSession({ sessionId: 's2', agentId: 'tester', workspace: 'bank', model: 'claude-haiku-4-5' }),
  sampleSession({ sessionId: 's3', agentId: 'reviewer', workspace: 'bank', parentSessionId: 's1' }),
  sampleSession({ sessionId: 's4', agentId: 'writer', workspace: '', parentSessionId: 'ended long ago' }),
];
const line = [{ ticket: 't', agentId: 'late', place: 1, waitingSince: sampleNow }];
const source: TreeSource = sampleSnapshot({ sessions, line });
const tree = (changes: Partial<TreeWish> = {}, from = source): SessionTree =>
  sessionTree(from, { ...wish, ...changes }, sampleNow);

/** The tree as lines, set in; facts about sessions left out. */
function drawn({ rows, top }: SessionTree, ids = top, indent = ''): string[] {
  return ids.flatMap((id) => {
    const row = rows.get(id);
    assert.ok(row, id);
    return row.mark === 'detail'
      ? []
      : [`${indent}${row.label}`, ...drawn({ rows, top, shown: 0, sessions: 0 }, row.children, `${indent}  `)];
  });
}

describe('tree of sessions', () => {
  it('has sessions under their workspace, this window’s first, and what they started under them', () => {
    assert.deepEqual(drawn(tree()), [
      'shop',
      '  reviewer',
      '    reviewer',
      '    a',
      '      b',
      'bank',
      '  tester',
      'No workspace',
      '  writer',
      'late',
    ]);
    const { rows } = tree();
    const shop = rows.get('workspace:shop');
    assert.deepEqual([shop?.description, shop?.mark], ['2 sessions', 'this window']);
    for (const [id, { children }] of rows) for (const child of children) assert.equal(rows.get(child)?.parent, id);
  });

  it('tells who waits in this window from who waits in another', () => {
    assert.deepEqual(tree().rows.get('t')?.flags, []);
    assert.deepEqual(tree({}, { ...source, ownTickets: ['t'] }).rows.get('t')?.flags, ['here']);
  });

  it('groups by agent, or not at all', () => {
    assert.deepEqual(drawn(tree({ grouping: 'agent' })), [
      'reviewer',
      '  reviewer',
      '    reviewer',
      '    a',
      '      b',
      'tester',
      '  tester',
      'writer',
      '  writer',
      'late',
    ]);
    assert.deepEqual(tree({ grouping: 'none' }).top, ['s1', 's2', 's4', 't']);
  });

  it('shows what a filter finds, with what it is under', () => {
    const found = (filter: string): readonly string[] => drawn(tree({ filter, grouping: 'none' }));
    assert.deepEqual(found('HAIKU bank'), ['tester']);
    assert.deepEqual(found('late'), ['late']);
    assert.deepEqual(found('bank reviewer'), ['reviewer', '  reviewer', '  a', '    b'], 'the child, under its parent');
    assert.deepEqual(found('nothing like it'), []);
    assert.deepEqual([tree({ filter: 'bank' }).shown, tree({ filter: 'bank' }).sessions], [2, 4]);
  });

  it('tells facts about a session under it', () => {
    const { rows } = tree();
    const facts = rows.get('s2')?.children.map((id) => `${rows.get(id)?.label}: ${rows.get(id)?.description}`);
    assert.deepEqual(facts, [
      'Input: 12k',
      'Output: 45',
      'Cache read: 300',
      'Cache write: 0',
      'Model: claude-haiku-4-5',
      'Rate: 2.4k tokens a minute',
      'Requests: 7 answered',
      'Started: 5 min ago',
      'Mode: routed through the gateway',
    ]);
  });

  it('has in menus only what can be done', () => {
    const flags = (changes: Parameters<typeof sampleSession>[0], here = false): readonly string[] | undefined => {
      const from = sampleSnapshot({ sessions: [sampleSession(changes)] });
      return tree({ inTerminal: new Set(here ? ['session-1'] : []) }, from).rows.get('session-1')?.flags;
    };
    assert.deepEqual(flags({}), ['pausable']);
    assert.deepEqual(flags({ pausedAt: 1 }, true), ['paused', 'terminal']);
    assert.deepEqual(flags({ mode: 'unauthenticated' }), []);
  });

  it('marks what cannot work, but not what runs on another account or by itself', () => {
    const health = { healthy: false, activeAgents: 0, quotaPercentage: 0, problems: [] };
    const mark = (changes: Parameters<typeof sampleSession>[0]): string | undefined =>
      tree({}, sampleSnapshot({ health, sessions: [sampleSession(changes)] })).rows.get('session-1')?.mark;
    assert.deepEqual([mark({}), mark({ mode: 'observed' }), mark({ planId: 'other' })], ['failing', 'ready', 'ready']);
  });

  it('hides no session, whoever is said to have started whom', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ids, 'gone', undefined), { minLength: 5, maxLength: 5 }), (parents) => {
        const placed = ids.map((sessionId, index) => {
          const parentSessionId = parents[index];
          return parentSessionId === undefined ? { sessionId } : { sessionId, parentSessionId };
        });
        const children = childSessions(placed);
        const reached: string[] = [];
        const walk = (id: string): void => {
          for (const { sessionId } of children.get(id) ?? []) {
            reached.push(sessionId);
            walk(sessionId);
          }
        };
        walk('');
        assert.deepEqual(reached.sort(), ids);
      }),
    );
  });
});

describe('rows to be drawn anew', () => {
  const all = new Set(tree().rows.keys());
  const changed = (changes: readonly [string, Parameters<typeof sampleSession>[0]][], visible = all) => {
    const map = new Map(changes);
    const next = sessions.map((session) => ({ ...session, ...map.get(session.sessionId) }));
    return changedRows(tree(), tree({}, sampleSnapshot({ sessions: next, line })), visible);
  };

  it('are those that look different, and of these only what may be on screen', () => {
    assert.deepEqual(changed([]), []);
    assert.deepEqual(changed([['s2', { tokensPerMinute: 4800 }]]), ['s2#Rate', 's2']);
    assert.deepEqual(changed([['s2', { tokensPerMinute: 4800 }]], new Set(['s2'])), ['s2']);
    assert.deepEqual(changed([['s2', { tokensPerMinute: 2401 }]]), [], 'the same to a reader');
    assert.deepEqual(changed([['s1', { runningRequests: 1 }]], new Set(['s1', 's2'])), ['s1']);
  });

  it('are the parent for a row that comes or goes, and all for a top row', () => {
    const grown = [...sessions, sampleSession({ sessionId: 's5', workspace: 'bank' })];
    assert.deepEqual(changedRows(tree(), tree({}, sampleSnapshot({ sessions: grown, line })), all), ['workspace:bank']);
    const other = [...sessions, sampleSession({ sessionId: 's5', workspace: 'new' })];
    assert.equal(changedRows(tree(), tree({}, sampleSnapshot({ sessions: other, line })), all), 'all');
  });
});

describe('machines that share the quota', () => {
  const machines = [
    sampleMachine({
      sessions: [
        sampleOtherSession({ model: 'claude-opus-5', waitingRequests: 2 }),
        // The same id as one of this machine's, under the other one.
        sampleOtherSession({ sessionId: 's1', agentId: 'helper', parentSessionId: 'other-1', state: 'idle' }),
      ],
    }),
    sampleMachine({ machineId: 'm2', name: 'desk*top', user: 'ben', sessions: [] }),
  ];
  const shared = { kind: 'live', machines } as const;
  const from = sampleSnapshot({ sessions, line, shared });

  it('are below this machine’s own sessions, each with its sessions', () => {
    const own = drawn(tree());
    assert.deepEqual(drawn(tree({}, from)), [...own, 'laptop', '  builder', '    helper', 'desk*top']);
    const { rows } = tree({}, from);
    assert.equal(rows.get('machine:m1')?.description, 'ann · 2 sessions');
    assert.equal(rows.get('machine:m2')?.description, 'ben · no sessions');
    assert.equal(rows.get('machine:m1 other-1')?.description, '1k tokens · 3 min · 2 waiting');
    assert.deepEqual(rows.get('machine:m1')?.mark, 'machine');
    for (const [id, { children }] of rows) for (const child of children) assert.equal(rows.get(child)?.parent, id);
    assert.deepEqual(drawn(tree({}, sampleSnapshot({ sessions, line, shared: { ...shared, machines: [] } }))), own);
  });

  it('have no menus, and say that their sessions are only to be looked at', () => {
    const { rows } = tree({}, from);
    const theirs = [...rows].filter(([id]) => id.startsWith('machine:'));
    assert.ok(theirs.length > 10);
    for (const [id, { kind, flags }] of theirs) {
      assert.deepEqual(flags, [], id);
      assert.doesNotMatch(kind, /^agentQuota.(session|waiting)\b/, id);
    }
    const tooltip = (id: string): string => rows.get(id)?.tooltip?.(sampleNow) ?? '';
    assert.match(tooltip('machine:m1 other-1'), /on its own machine/);
    assert.match(tooltip('machine:m1'), /\*\*laptop\*\* of ann.*2 sessions[^]*on their own machine/);
    assert.match(tooltip('machine:m2'), /desk\\\*top/, 'names are not markup');
    assert.match(rows.get('machine:m1 other-1')?.spoken ?? '', /builder on laptop, working.*only to be looked at/);
    assert.equal(rows.get('s1')?.kind, 'agentQuota.session', 'an id of theirs is not one of ours');
  });

  it('are found by a filter by machine, agent and model, with a count of all', () => {
    const found = tree({ filter: 'laptop opus' }, from);
    assert.deepEqual(drawn(found), ['laptop', '  builder']);
    assert.equal(found.rows.get('machine:m1')?.description, 'ann · 1 of 2 sessions');
    assert.deepEqual([found.shown, found.sessions], [1, 6]);
  });

  it('say when their numbers are old, and what happens meanwhile', () => {
    const noFilter = { filter: '', shown: 0, sessions: 0 };
    const message = (kind: 'live' | 'lease' | 'safe-share' | 'waiting'): string => {
      const state = { ...shared, kind, awaySince: sampleNow - 120_000, message: 'It is down. Start it.' };
      return treeMessage({ kind: 'running', snapshot: sampleSnapshot({ shared: state }) }, noFilter, sampleNow);
    };
    assert.equal(message('live'), '');
    assert.match(message('lease'), /for 2 min: agents go on with what this machine has been given/);
    assert.match(message('safe-share'), /fair share/);
    assert.match(message('waiting'), /wait until it can be reached/);
    assert.equal(
      sharedText({ ...shared, kind: 'waiting', message: 'It is down. Start it.' }, 0)?.nextStep,
      'It is down. Start it.',
    );
    assert.match(
      sharedText({ ...shared, kind: 'waiting', message: '' }, 0)?.nextStep ?? '',
      /^Run agent-quota ledger check .*not agentQuota\.sharedLedger\.addressCommand\.$/,
    );
    assert.equal(sharedText(undefined, 0), undefined);
    const old = tree({}, sampleSnapshot({ shared: { ...shared, kind: 'lease' } }));
    assert.match(old.rows.get('machine:m1')?.tooltip?.(sampleNow) ?? '', /could last be reached/);
  });
});
