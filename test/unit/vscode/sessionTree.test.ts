import assert from 'node:assert/strict';
import fc from 'fast-check';
import { noUsage } from '../../../src/core/usage.ts';
import { changedRows } from '../../../src/vscode/changedRows.ts';
import { childSessions } from '../../../src/vscode/childSessions.ts';
import { type SessionTree, sessionTree, type TreeSource, type TreeWish } from '../../../src/vscode/sessionTree.ts';
import { sampleNow, sampleSession, sampleSnapshot } from './samples.ts';

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
