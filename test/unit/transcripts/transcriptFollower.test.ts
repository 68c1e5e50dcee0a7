import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addUsage, noUsage } from '../../../src/core/usage.ts';
import type { FollowedSession } from '../../../src/transcripts/sessionTranscripts.ts';
import {
  type FollowedUsage,
  type FollowOptions,
  TranscriptFollower,
} from '../../../src/transcripts/transcriptFollower.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { type LineParts, transcriptLine, usualUsage } from './transcriptLine.ts';

const anHour = 3_600_000;

describe('following a session', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let path: string;
  let follower: TranscriptFollower | undefined;
  let heard: FollowedUsage[];

  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory.path, 'projects', '-home-user', 'session-1.jsonl');
    mkdirSync(dirname(path), { recursive: true });
    heard = [];
  });
  afterEach(() => {
    follower?.close();
    directory.remove();
  });

  /** One that looks by itself only when it is told of changes. */
  function follow(
    session: FollowedSession = { transcriptPath: path },
    options: FollowOptions = {},
  ): TranscriptFollower {
    follower = new TranscriptFollower(session, (usage) => heard.push(usage), { pollMs: anHour, ...options });
    return follower;
  }

  function write(parts: LineParts, file = path): void {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, `${transcriptLine(parts)}\n`);
  }

  const ids = (): unknown[] => heard.map(({ entry }) => entry.messageId);

  it('hands over each message once, though each of its blocks has a line', () => {
    const looking = follow();
    looking.look();
    for (const messageId of ['a', 'a', 'b', 'a']) write({ messageId, requestId: `req-${messageId}` });
    looking.look();
    looking.look();
    assert.deepEqual(ids(), ['a', 'b']);
  });

  it('hands over what a later line of a message has more', () => {
    const looking = follow();
    write({ usage: { ...usualUsage, output_tokens: 1 } });
    looking.look();
    write({ usage: { ...usualUsage, output_tokens: 70 } });
    looking.look();
    assert.equal(heard[1]?.added.outputTokens, 69);
    assert.equal(heard.map(({ added }) => added).reduce(addUsage, noUsage).cacheReadTokens, 500);
  });

  it('follows subagents, those of subagents too', () => {
    const looking = follow();
    const subagents = join(dirname(path), 'session-1', 'subagents');
    const more = { isSidechain: true, agentId: 'a1' };
    write({ messageId: 'a' });
    looking.look();
    write({ messageId: 'b', more }, join(subagents, 'agent-a1.jsonl'));
    write({ messageId: 'c', more }, join(subagents, 'workflow', 'agent-a2.jsonl'));
    looking.look();
    assert.deepEqual(ids().sort(), ['a', 'b', 'c']);
    assert.equal(heard.find(({ entry }) => entry.messageId === 'b')?.entry.agentId, 'a1');
  });

  it('finds a session by its id, whenever it begins', () => {
    const looking = follow({ claudeSessionId: 'session-1', configDirectories: ['/nowhere', directory.path] });
    looking.look();
    write({});
    looking.look();
    assert.equal(heard.length, 1);
  });

  it('does not hand over what was used before', () => {
    write({ messageId: 'a', timestamp: '2026-11-25T04:00:00.000Z' });
    write({ messageId: 'b', timestamp: '2026-11-25T05:00:00.000Z' });
    follow(undefined, { since: Date.UTC(2026, 10, 25, 4, 30) }).look();
    assert.deepEqual(ids(), ['b']);
  });

  it('hands over nothing again when the file is written anew', () => {
    const looking = follow();
    write({ messageId: 'a' });
    looking.look();
    writeFileSync(path, `${transcriptLine({ messageId: 'a' })}\n${transcriptLine({ messageId: 'b' })}\n`);
    looking.look();
    assert.deepEqual(ids(), ['a', 'b']);
  });

  it('hears of changes by itself, and takes a last look', async () => {
    write({ messageId: 'a' });
    const looking = follow({ transcriptPath: path }, { pollMs: 50 });
    while (heard.length < 1) await sleep(10);
    write({ messageId: 'b' });
    while (heard.length < 2) await sleep(10);
    write({ messageId: 'c' });
    looking.close();
    write({ messageId: 'd' });
    looking.look();
    assert.deepEqual(ids(), ['a', 'b', 'c']);
  });
});
