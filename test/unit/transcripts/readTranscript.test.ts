import assert from 'node:assert/strict';
import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readTranscript } from '../../../src/transcripts/readTranscript.ts';
import { type TranscriptPosition } from '../../../src/transcripts/transcriptPosition.ts';
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
  async function ids(): Promise<readonly (string | undefined)[]> {
    const found: (string | undefined)[] = [];
    const reading = await readTranscript(path, position, ({ messageId }) => found.push(messageId));
    ({ position } = reading);
    return reading.startedAnew ? ['anew', ...found] : found;
  }

  function line(messageId: string, text = 'Hello.'): string {
    return `${transcriptLine({ messageId, content: [{ type: 'text', text }] })}\n`;
  }

  it('gives each line with usage once', async () => {
    writeFileSync(path, `${line('a')}{"type":"user"}\n\n${line('b')}`);
    assert.deepEqual(await ids(), ['a', 'b']);
    assert.deepEqual(await ids(), []);
    appendFileSync(path, line('c'));
    assert.deepEqual(await ids(), ['c']);
  });

  it('waits for the rest of a line', async () => {
    const second = line('b');
    writeFileSync(path, line('a') + second.slice(0, 300));
    assert.deepEqual(await ids(), ['a']);
    appendFileSync(path, second.slice(300, 500));
    assert.deepEqual(await ids(), []);
    appendFileSync(path, second.slice(500));
    assert.deepEqual(await ids(), ['b']);
  });

  it('counts a last line without a line break, once', async () => {
    writeFileSync(path, line('a').trimEnd());
    assert.deepEqual(await ids(), ['a']);
    appendFileSync(path, `\n${line('b')}`);
    assert.deepEqual(await ids(), ['b']);
  });

  it('starts anew when the file was cut', async () => {
    writeFileSync(path, line('a') + line('b'));
    await ids();
    truncateSync(path, line('a').length);
    assert.deepEqual(await ids(), ['anew', 'a']);
  });

  it('starts anew when another file is in its place, though it is longer', async () => {
    writeFileSync(path, line('a'));
    await ids();
    writeFileSync(`${path}.new`, line('b') + line('c'));
    renameSync(`${path}.new`, path);
    assert.deepEqual(await ids(), ['anew', 'b', 'c']);
  });

  it('starts anew when the file was written over with more', async () => {
    writeFileSync(path, line('a'));
    await ids();
    writeFileSync(path, line('b') + line('c'));
    assert.deepEqual(await ids(), ['anew', 'b', 'c']);
  });

  it('starts anew when the end of what was read is another', async () => {
    writeFileSync(path, line('first', 'x'.repeat(3000)) + line('b'));
    await ids();
    writeFileSync(path, line('first', 'x'.repeat(3000)) + line('c') + line('d'));
    assert.deepEqual(await ids(), ['anew', 'first', 'c', 'd']);
  });

  it('says when there is no file', async () => {
    writeFileSync(path, line('a'));
    await ids();
    rmSync(path);
    await assert.rejects(ids(), { code: 'ENOENT' });
  });

  it('takes lines of many megabytes and bytes that are no text', async () => {
    writeFileSync(path, line('a', 'ä'.repeat(3_000_000)));
    appendFileSync(path, Buffer.alloc(2_500_000, 0xff));
    appendFileSync(path, `\n${line('b')}`);
    assert.deepEqual(await ids(), ['a', 'b']);
  });

  it('passes over a line that is too long for any answer', async () => {
    writeFileSync(path, line('a'));
    for (let part = 0; part < 9; part += 1) appendFileSync(path, Buffer.alloc(8 * 1024 * 1024, 0x61));
    appendFileSync(path, `\n${line('b')}`);
    assert.deepEqual(await ids(), ['a', 'b']);
  });

  it('ends when it is told to', async () => {
    writeFileSync(path, line('a'));
    const reading = readTranscript(path, undefined, () => undefined, AbortSignal.abort());
    await assert.rejects(reading, { name: 'AbortError' });
  });

  it('finds the same whatever the pieces in which the file grows', async () => {
    const text = Buffer.from(['a', 'b', 'c', 'd'].map((id) => line(id, `Grüße, "usage":{ ${id}`)).join(''));
    const cuts = fc.array(fc.nat(text.length), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cuts, async (where) => {
        position = undefined;
        writeFileSync(path, '');
        const found: (string | undefined)[] = [];
        let written = 0;
        for (const cut of [...where.sort((a, b) => a - b), text.length]) {
          appendFileSync(path, text.subarray(written, cut));
          written = cut;
          found.push(...(await ids()));
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
