import assert from 'node:assert/strict';
import { projectName } from '../../../src/vscode/projectName.ts';

describe('a project’s name', () => {
  it('is its folder without the user’s home', () => {
    assert.equal(projectName('-home-me-web', '/home/me'), 'web');
    assert.equal(projectName('C--Users-J--Doe-my-shop', 'C:\\Users\\J. Doe'), 'my-shop');
    for (const folder of ['-home-me', '-home-melanie-web', '-srv-web', '', 'web'])
      assert.equal(projectName(folder, '/home/me'), folder);
  });
});
