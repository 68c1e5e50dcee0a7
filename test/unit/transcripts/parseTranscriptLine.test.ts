import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTranscriptLine } from '../../../src/transcripts/parseTranscriptLine.ts';
import { propertyRuns } from '../core/propertyRuns.ts';
import { type LineParts, transcriptLine, usualUsage } from './transcriptLine.ts';

function parsed(parts: LineParts = {}): ReturnType<typeof parseTranscriptLine> {
  return parseTranscriptLine(Buffer.from(transcriptLine(parts)));
}

describe('a line of a transcript', () => {
  it('is read with all that it says of what was used', () => {
    assert.deepEqual(parsed({ more: { isSidechain: true, agentId: 'a583a112', costUSD: 0.25 } }), {
      messageId: 'msg_1',
      requestId: 'req_1',
      model: 'claude-opus-5-5',
      usage: {
        inputTokens: 3,
        cacheCreation5mTokens: 10,
        cacheCreation1hTokens: 20,
        cacheReadTokens: 500,
        outputTokens: 70,
      },
      at: Date.UTC(2026, 10, 25, 4, 12, 49, 627),
      claudeSessionId: '9450c981-d160-4627-b061-8be296d65973',
      cwd: '/home/user/a project',
      version: '2.1.330',
      isSidechain: true,
      agentId: 'a583a112',
      costUsd: 0.25,
      speed: 'standard',
      serviceTier: 'standard',
      isProgress: false,
      isWhole: true,
      hasNullField: false,
      isIllFormed: false,
    });
  });

  it('counts all that was written to the cache as 5 minutes where the lifetimes are not told apart', () => {
    const { cache_creation: _, ...usage } = usualUsage;
    const { cacheCreation5mTokens, cacheCreation1hTokens } = parsed({ usage })?.usage ?? {};
    assert.deepEqual([cacheCreation5mTokens, cacheCreation1hTokens], [30, 0]);
  });

  it('may do without ids, a model and what earlier versions did not write', () => {
    const usage = { input_tokens: 1, output_tokens: 2 };
    const more = { version: undefined, sessionId: undefined, cwd: undefined, isSidechain: undefined };
    const entry = parsed({ messageId: undefined, requestId: undefined, model: undefined, usage, more });
    assert.equal(entry?.messageId, undefined);
    assert.equal(entry?.usage.outputTokens, 2);
    assert.equal(entry.isSidechain, false);
  });

  it('is read where a subagent tells of its progress', () => {
    const message = JSON.parse(transcriptLine({ more: { isSidechain: true } })) as unknown;
    const line = { type: 'progress', data: { type: 'agent_progress', agentId: 'a1', message }, sessionId: 'outer' };
    const entry = parseTranscriptLine(Buffer.from(JSON.stringify(line)));
    assert.equal(entry?.isProgress, true);
    assert.deepEqual([entry.messageId, entry.agentId, entry.claudeSessionId], ['msg_1', 'a1', 'outer']);
    assert.equal(entry.isSidechain, true);
  });

  it('tells of null where ccusage stumbles over it', () => {
    const call = (input: unknown): LineParts => ({ content: [{ type: 'tool_use', name: 'Edit', input }] });
    assert.equal(parsed(call({ id: null }))?.hasNullField, true);
    assert.equal(parsed(call({ name: null, text: '"id":null' }))?.hasNullField, false);
    assert.equal(parsed({ requestId: null })?.hasNullField, true);
  });

  it('tells of text that is none', () => {
    const marked = (bytes: Buffer): boolean | undefined => {
      const [head = '', tail = ''] = transcriptLine({ content: [{ type: 'text', text: 'HERE' }] }).split('HERE');
      return parseTranscriptLine(Buffer.concat([Buffer.from(head), bytes, Buffer.from(tail)]))?.isIllFormed;
    };
    assert.equal(marked(Buffer.from('Grüße 🙂 \\ud83d\\ude42')), false);
    assert.equal(marked(Buffer.from([0xff, 0xfe])), true);
    assert.equal(marked(Buffer.from('\\ud83d')), true);
    assert.equal(marked(Buffer.from('\\\\ud83d')), false);
  });

  for (const [what, parts] of [
    ['a negative count', { usage: { ...usualUsage, input_tokens: -1 } }],
    ['a broken count', { usage: { ...usualUsage, output_tokens: 1.5 } }],
    ['a count as text', { usage: { ...usualUsage, output_tokens: '7' } }],
    ['no output', { usage: { input_tokens: 1 } }],
    ['an unknown speed', { usage: { ...usualUsage, speed: 'warp' } }],
    ['no time', { timestamp: undefined }],
    ['a time without a date', { timestamp: '04:12:49' }],
    ['an empty message id', { messageId: '' }],
    ['an empty request id', { requestId: '' }],
    ['a request id that is a number', { requestId: 7 }],
    ['an odd version', { more: { version: 'next' } }],
  ] satisfies [string, LineParts][]) {
    it(`is refused with ${what}`, () => {
      assert.equal(parsed(parts), undefined);
    });
  }

  it('is refused when its usage is that of a tool', () => {
    const line = { type: 'user', timestamp: '2026-11-25T04:12:49.627Z', toolUseResult: { usage: usualUsage } };
    assert.equal(parseTranscriptLine(Buffer.from(JSON.stringify({ ...line, message: { content: [] } }))), undefined);
  });

  it('is not taken for usage because its text speaks of it', () => {
    const entry = parsed({ content: [{ type: 'text', text: transcriptLine({ messageId: 'msg_2' }) }] });
    assert.equal(entry?.messageId, 'msg_1');
  });

  it('is refused when half of it is there, wherever it is cut', () => {
    const line = Buffer.from(transcriptLine());
    for (let length = 0; length < line.length; length += 1)
      assert.equal(parseTranscriptLine(line.subarray(0, length)), undefined);
  });

  it('is read or refused, and never thrown over, whatever bytes are in it', () => {
    const whole = Buffer.from(transcriptLine());
    const at = fc.nat(whole.length - 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(at, fc.nat(255)), { maxLength: 4 }), (changes) => {
        const line = Buffer.from(whole);
        for (const [index, byte] of changes) line[index] = byte;
        const entry = parseTranscriptLine(line);
        for (const tokens of Object.values(entry?.usage ?? {})) assert.ok(Number.isSafeInteger(tokens) && tokens >= 0);
      }),
      propertyRuns,
    );
  });
});
