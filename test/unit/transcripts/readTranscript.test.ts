import assert from 'node:assert/strict';
import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readTranscript } from '../../../src/transcripts/readTranscript.ts';
import type { TranscriptPosition } from '../../../src/transcripts/transcriptPosition.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { transcriptLine } from './transcriptLine.ts';

describe('reading a transcript', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let path: string;
  let position: TranscriptPosition | undefined;

  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory.path, 'session.jsonl');
    position = undefined;
  });
  afterEach(() => {
    directory.remove();
  });

  /** Reads on. */
  function ids(): readonly (string | undefined)[] {
    const found: (string | undefined)[] = [];
    const reading = readTranscript(path, position, ({ messageId }) => found.push(messageId));
    ({ position } = reading);
    return reading.startedAnew ? ['anew', ...found] : found;
  }

  function line(messageId: string, text = 'Hello.'): string {
    return `${transcriptLine({ messageId, content: [{ type: 'text', text }] })}\n`;
  }

  it('gives each line with usage once', () => {
    writeFileSync(path, `${line('a')}{"type":"user"}\n\n${line('b')}`);
    assert.deepEqual(ids(), ['a', 'b']);
    assert.deepEqual(ids(), []);
    appendFileSync(path, line('c'));
    assert.deepEqual(ids(), ['c']);
  });

  it('waits for the rest of a line', () => {
    const second = line('b');
    writeFileSync(path, line('a') + second.slice(0, 300));
    assert.deepEqual(ids(), ['a']);
    appendFileSync(path, second.slice(300, 500));
    assert.deepEqual(ids(), []);
    appendFileSync(path, second.slice(500));
    assert.deepEqual(ids(), ['b']);
  });

  it('counts a last line without a line break, once', () => {
    writeFileSync(path, line('a').trimEnd());
    assert.deepEqual(ids(), ['a']);
    appendFileSync(path, `\n${line('b')}`);
    assert.deepEqual(ids(), ['b']);
  });

  it('starts anew when the file was cut', () => {
    writeFileSync(path, line('a') + line('b'));
    ids();
    truncateSync(path, line('a').length);
    assert.deepEqual(ids(), ['anew', 'a']);
  });

  it('starts anew when another file is in its place, though it is longer', () => {
    writeFileSync(path, line('a'));
    ids();
    writeFileSync(`${path}.new`, line('b') + line('c'));
    renameSync(`${path}.new`, path);
    assert.deepEqual(ids(), ['anew', 'b', 'c']);
  });

  it('starts anew when the file was written over with more', () => {
    writeFileSync(path, line('a'));
    ids();
    writeFileSync(path, line('b') + line('c'));
    assert.deepEqual(ids(), ['anew', 'b', 'c']);
  });

  it('starts anew when the end of what was read is another', () => {
    writeFileSync(path, line('first', 'x'.repeat(3000)) + line('b'));
    ids();
    writeFileSync(path, line('first', 'x'.repeat(3000)) + line('c') + line('d'));
    assert.deepEqual(ids(), ['anew', 'first', 'c', 'd']);
  });

  it('stops after so many bytes, and goes on there', () => {
    writeFileSync(path, ['a', 'b', 'c'].map((id) => line(id, 'x'.repeat(900_000))).join(''));
    const found: (string | undefined)[] = [];
    const take = ({ messageId }: { readonly messageId: string | undefined }): unknown => found.push(messageId);
    let reading = readTranscript(path, undefined, take, 1);
    assert.deepEqual([found, reading.isAtEnd], [['a'], false]);
    for (let more = 0; more < 5 && !reading.isAtEnd; more += 1)
      reading = readTranscript(path, reading.position, take, 1);
    assert.deepEqual([found, reading.isAtEnd], [['a', 'b', 'c'], true]);
  });

  it('says when there is no file', () => {
    writeFileSync(path, line('a'));
    ids();
    rmSync(path);
    assert.throws(ids, { code: 'ENOENT' });
  });

  it('takes lines of many megabytes and bytes that are no text', () => {
    writeFileSync(path, line('a', 'ä'.repeat(3_000_000)));
    appendFileSync(path, Buffer.alloc(2_500_000, 0xff));
    appendFileSync(path, `\n${line('b')}`);
    assert.deepEqual(ids(), ['a', 'b']);
  });

  it('passes over a line that is too long for any answer', () => {
    writeFileSync(path, line('a'));
    for (let part = 0; part < 9; part += 1) appendFileSync(path, Buffer.alloc(8 * 1024 * 1024, 0x61));
    appendFileSync(path, `\n${line('b')}`);
    assert.deepEqual(ids(), ['a', 'b']);
  });

  it('finds the same whatever the pieces in which the file grows', () => {
    const text = Buffer.from(['a', 'b', 'c', 'd'].map((id) => line(id, `Grüße, "usage":{ ${id}`)).join(''));
    const cuts = fc.array(fc.nat(text.length), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (where) => {
        position = undefined;
        writeFileSync(path, '');
        const found: (string | undefined)[] = [];
        let written = 0;
        for (const cut of [...where.sort((a, b) => a - b), text.length]) {
          appendFileSync(path, text.subarray(written, cut));
          written = cut;
          found.push(...ids());
        }
        assert.deepEqual(
          found.filter((id) => id !== 'anew'),
          ['a', 'b', 'c', 'd'],
        );
      }),
      { numRuns: 60 },
    );
  });
});
