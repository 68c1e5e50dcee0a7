import assert from 'node:assert/strict';
import { memberOf, withMember } from '../../../src/outside/jsonMember.ts';

describe('a member of a settings file', () => {
  const cases: readonly [title: string, before: string, after: string][] = [
    [
      'with comments',
      '// mine\n{\n\t"a": 1, // one\n\t/* two */\n}\n',
      '// mine\n{\n\t"a": 1,\n\t"x": "y", // one\n\t/* two */\n}\n',
    ],
    [
      'of Windows',
      '{\r\n    "a": {\r\n        "b": 1\r\n    }\r\n}',
      '{\r\n    "a": {\r\n        "b": 1\r\n    },\r\n    "x": "y"\r\n}',
    ],
    ['in one line', '{"a":[1,  2]}', '{"a":[1,  2], "x": "y"}'],
    ['with nothing in it', '{}', '{\n  "x": "y"\n}'],
    ['with a comment alone', '{ // later\n}', '{\n  "x": "y"\n // later\n}'],
    ['with the member', '{ "x" : 1 /* keep */ , "b": 2 }', '{ "x" : "y" /* keep */ , "b": 2 }'],
  ];
  for (const [title, before, after] of cases) {
    it(`is set in a file ${title}, whose every other character stays`, () => {
      assert.equal(withMember(before, ['x'], 'y'), after);
      assert.deepEqual(memberOf(after, ['x']), { kind: 'present', value: 'y' });
      assert.equal(memberOf(withMember(after, ['x'], undefined), ['x']).kind, 'absent');
    });
  }

  it('is made with the objects that it is in', () => {
    assert.equal(withMember('{\n "a": 1\n}', ['b', 'c'], 'd'), '{\n "a": 1,\n "b": {\n  "c": "d"\n }\n}');
    assert.equal(withMember('{"b": {}}', ['b', 'c'], 'd'), '{"b": {\n  "c": "d"\n}}');
  });
});
