import assert from 'node:assert/strict';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { createPaint } from '../../../src/launcher/paint.ts';
import { type Column, cutToWidth, renderTable } from '../../../src/launcher/table.ts';

const plain = createPaint(false, {});

describe('table', () => {
  const columns: readonly Column[] = [
    { title: 'ID' },
    { title: 'NAME', least: 6 },
    { title: 'COUNT', align: 'right', leftOut: 2 },
    { title: 'NOTE', least: 4, leftOut: 1 },
  ];
  const rows = [
    ['a1', 'reviewer', '7', 'fine'],
    ['b2', '商店 🏬', '1234', ''],
    ['c3', 'e\u0301te\u0301'],
  ];

  it('aligns by what a terminal shows, wide and combined characters included', () => {
    const expected = [
      'ID  NAME      COUNT  NOTE',
      'a1  reviewer      7  fine',
      'b2  商店 🏬    1234',
      'c3  e\u0301te\u0301',
    ];
    assert.equal(renderTable(columns, rows, { paint: plain, columns: undefined }), `${expected.join('\n')}\n`);
  });

  it('cuts, then leaves out columns, as the terminal gets narrower', () => {
    const at = (width: number): string[] =>
      renderTable(columns, rows, { paint: plain, columns: width }).trimEnd().split('\n');
    assert.deepEqual(at(25)[1], 'a1  reviewer      7  fine');
    assert.deepEqual(at(24)[1], 'a1  review…      7  fine');
    assert.deepEqual(at(22)[1], 'a1  reviewer      7', 'the note goes, and the name has room again');
    assert.deepEqual(at(12)[1], 'a1  reviewer');
    assert.deepEqual(at(11).slice(1, 3), ['a1  review…', 'b2  商店 🏬']);
    assert.deepEqual(at(1).slice(1, 3), ['a1  revie…', 'b2  商店 …'], 'no less than the least');
  });

  it('paints the text and not the space around it', () => {
    const paint = createPaint(true, {});
    const cells = [['x', { text: 'red', format: 'red' as const }, '1']];
    const [, line] = renderTable(columns, cells, { paint, columns: undefined }).split('\n');
    assert.equal(line, 'x   \u001b[31mred\u001b[39m       1');
  });

  it('never lets a text move the cursor, break the line or turn the direction', () => {
    const evil = 'a\u001b[2J\r\nb\u202ec\u0007';
    const text = renderTable([{ title: 'X' }], [[evil]], { paint: plain, columns: undefined });
    assert.equal(text, 'X\na [2J b c\n');
  });

  it('never is wider than the terminal where that has room for the least, and always aligned', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, text, text)), fc.integer({ min: 60, max: 120 }), (cells, width) => {
        const shrinking = columns.map((column) => ({ ...column, least: 8 }));
        const lines = renderTable(shrinking, cells, { paint: plain, columns: width }).trimEnd().split('\n');
        for (const line of lines) assert.ok(stringWidth(line) <= width, line);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (whole, width) => {
        assert.ok(stringWidth(cutToWidth(whole, width)) <= width);
      }),
    );
  });
});
