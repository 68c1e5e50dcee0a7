import assert from 'node:assert/strict';
import { whyPasswordInSetting } from '../../../src/core/passwordInSetting.ts';

describe('a password in a setting', () => {
  it('is found and not repeated', () => {
    const found = [
      'postgres://ann:sesame@db.example/quota',
      'echo postgresql://ann:sesame@db.example/quota',
      'echo postgres://:sesame@h/d',
      'PGPASSWORD=sesame my-tool',
      'my-tool --url "host=h password=sesame"',
      "my-tool password='sesame street'",
    ];
    for (const text of found) {
      const why = whyPasswordInSetting(text);
      assert.ok(why !== undefined && !why.includes('sesame'), text);
      assert.match(why, /~\/\.pgpass/);
    }
  });

  it('is not seen where there is none', () => {
    const fine = [
      '',
      'postgres://ann@db.example:5432/quota',
      'op read op://team/quota/address',
      'echo "postgres://ann:$(pass show quota)@db.example/quota"',
      'echo postgres://ann:%QUOTA_PASSWORD%@db.example/quota',
      'PGPASSWORD=$SECRET my-tool',
      'pass show password',
    ];
    for (const text of fine) assert.equal(whyPasswordInSetting(text), undefined, text);
  });
});
