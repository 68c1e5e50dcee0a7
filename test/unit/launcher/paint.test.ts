import assert from 'node:assert/strict';
import { createPaint } from '../../../src/launcher/paint.ts';

describe('colours of the launcher', () => {
  const isColoured = (isTerminal: boolean, environment: Readonly<Record<string, string>>): boolean =>
    createPaint(isTerminal, environment)('red', 'x') !== 'x';

  it('are for terminals, unless the user says otherwise', () => {
    assert.ok(isColoured(true, {}));
    assert.ok(!isColoured(false, {}));
    assert.ok(!isColoured(true, { TERM: 'dumb' }));
    assert.ok(!isColoured(true, { NO_COLOR: '1' }));
    assert.ok(isColoured(true, { NO_COLOR: '' }), 'an empty one says nothing');
    assert.ok(isColoured(false, { FORCE_COLOR: '1' }));
    assert.ok(isColoured(true, { FORCE_COLOR: '3', NO_COLOR: '1' }), 'forced is forced');
    for (const off of ['0', 'false']) assert.ok(!isColoured(true, { FORCE_COLOR: off }));
  });
});
