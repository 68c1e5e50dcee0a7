import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {
  claudeSettingsFile,
  isServiceChanged,
  planServiceChange,
  undoServiceChange,
} from '../../../src/outside/claudeSettings.ts';
import { memberOf, withMember } from '../../../src/outside/jsonMember.ts';
import type { ServiceChange } from '../../../src/outside/undoRecord.ts';
import { wrapperWords } from '../../../src/shared/wrapperCommand.ts';

const wrapper = '/home/me/.agent-quota/1234abcd/claude-process-wrapper';
const variable = 'CLAUDE_CODE_PROCESS_WRAPPER';

describe("Claude Code's settings", () => {
  let root: string;
  let file: string;
  const put = async (inherited?: string): Promise<ServiceChange> => {
    const planned = await planServiceChange(file, wrapper, inherited);
    await planned.make();
    return planned.change;
  };
  const text = (): Promise<string> => readFile(file, 'utf8');
  const valueNow = async (): Promise<unknown> => {
    const member = memberOf(await text(), ['env', variable]);
    return member.kind === 'present' ? member.value : undefined;
  };

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'settings of claude '));
    file = path.join(root, '.claude', 'settings.json');
    await mkdir(path.dirname(file));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('are where Claude Code has them', () => {
    assert.equal(claudeSettingsFile({}, root), file);
    assert.equal(claudeSettingsFile({ CLAUDE_CONFIG_DIR: '' }, root), file);
    assert.equal(
      claudeSettingsFile({ CLAUDE_CONFIG_DIR: '/else/where' }, root),
      path.join('/else/where', 'settings.json'),
    );
  });

  const originals: Readonly<Record<string, string>> = {
    'are empty': '{}',
    'have tabs, and members that nobody knows':
      '{\n\t"model": "opus",  \n\n\t"hooks": { "Stop": [ ] },\n\t"unknown": [1,2,   3]\n}\n',
    'have line ends of Windows': '{\r\n    "model": "opus",\r\n    "env": {\r\n        "A": "1"\r\n    }\r\n}\r\n',
    'have an empty env': '{"env": {}, "x": 1}',
    'have everything in one line': '{"env":{"A":"1"},"x":[{"y":null}]}',
    'begin with a mark': '\uFEFF{\n  "env": { "A": "ä€😀" }\n}',
    'have a wrapper of their own': `{ "env": { "${variable}": "/opt/my\\u002dwrapper --flag", "B": "2" } }\n`,
    'have an empty wrapper': `{\n  "env": {\n    "${variable}": ""\n  }\n}\n`,
    'have a wrapper of their own as a setting': '{ "processWrapper": "[\\"/opt/a b\\", \\"c d\\"]" }',
  };
  for (const [title, original] of Object.entries(originals)) {
    it(`that ${title} are changed in one place, and put back to the byte`, async () => {
      await writeFile(file, original);
      const change = await put();
      const changed = await text();
      assert.ok(await isServiceChanged(change));
      assert.notEqual(changed, original);
      for (const line of original.split(/\r?\n/).filter((line) => /unknown|Stop/.test(line)))
        assert.ok(changed.includes(line), `${line} is as it was`);
      assert.equal(changed.includes('\r\n'), original.includes('\r\n'));
      assert.equal(await undoServiceChange(change), true);
      assert.equal(await text(), original);
      assert.equal(await undoServiceChange(change), false, 'there is nothing more to undo');
    });
  }

  it('name what was there behind ours, whoever had set it', async () => {
    const cases: [string, string | undefined, string[]][] = [
      [`{"env":{"${variable}":"/opt/own --flag"}}`, undefined, ['/opt/own', '--flag']],
      ['{"processWrapper":"[\\"/opt/a b\\",\\"c d\\"]"}', '/not/this', ['/opt/a b', 'c d']],
      ['{}', '/opt/inherited', ['/opt/inherited']],
      ['{}', '/home/me/storage/bin/claude-process-wrapper', []],
      ['{}', undefined, []],
    ];
    for (const [original, inherited, own] of cases) {
      await writeFile(file, original);
      await put(inherited);
      assert.deepEqual(wrapperWords(String(await valueNow())), [wrapper, ...own], original);
    }
  });

  it('that were not there are made for the user alone, and go again', async () => {
    await rm(path.dirname(file), { recursive: true });
    const change = await put();
    assert.equal(await text(), `{\n  "env": {\n    "${variable}": "${wrapper}"\n  }\n}\n`);
    if (process.platform !== 'win32') assert.equal((await stat(file)).mode & 0o777, 0o600);
    await undoServiceChange(change);
    assert.deepEqual(await readdir(path.dirname(file)), []);
  });

  it('that were changed meanwhile lose our value and nothing else', async () => {
    await writeFile(file, '{ "model": "opus" }\n');
    const change = await put();
    await writeFile(file, withMember(await text(), ['theme'], 'dark'));
    await undoServiceChange(change);
    assert.deepEqual(JSON.parse(await text()), { model: 'opus', theme: 'dark' });

    await writeFile(file, `{ "env": { "${variable}": "/opt/own" } }\n`);
    const second = await put();
    await writeFile(file, withMember(await text(), ['env', 'A'], '1'));
    await undoServiceChange(second);
    assert.deepEqual(JSON.parse(await text()), { env: { [variable]: '/opt/own', A: '1' } });
  });

  it('that have got comments meanwhile keep them', async () => {
    await writeFile(file, '{ "model": "opus" }\n');
    const change = await put();
    await writeFile(file, `// mine\n${(await text()).replace('"opus"', '"opus" /* the best */')}`);
    await undoServiceChange(change);
    assert.equal(await text(), '// mine\n{ "model": "opus" /* the best */ }\n');
  });

  it('keep a value that the user has set since', async () => {
    await writeFile(file, '{}');
    const change = await put();
    await writeFile(file, withMember(await text(), ['env', variable], '/opt/later'));
    const now = await text();
    assert.equal(await undoServiceChange(change), false);
    assert.equal(await text(), now);
  });

  it('are not made ours twice where it was forgotten that they are', async () => {
    await writeFile(file, `{"env":{"${variable}":"/opt/own"}}`);
    await put();
    const change = await put();
    assert.deepEqual(wrapperWords(String(await valueNow())), [wrapper, '/opt/own']);
    await undoServiceChange(change);
    assert.equal(await valueNow(), '/opt/own');
  });

  it('that cannot be understood are left alone, and it is said why', async () => {
    const cases: [string, RegExp][] = [
      ['', /no valid JSON \(line 1\)/],
      ['{\n  "a": 1\n  "b": 2\n}', /no valid JSON \(line 3\)/],
      ['{ "a": 1, // mine\n }', /comments or trailing commas, so Claude Code does not read it/],
      ['{ "a": 1, }', /comments or trailing commas/],
      ['[]', /is no JSON object/],
      ['{"env": "A=1"}', /"env" is no JSON object/],
      ['{"env": {}, "env": {}}', /has "env" twice/],
      [`{"env": {"${variable}": 3}}`, /is no text/],
      [`{"env": {"${variable}": "[1]"}}`, /names no program/],
      [`{"env": {"${variable}": "/home/me/.agent-quota/ffff0000/claude-process-wrapper"}}`, /of another VS Code/],
    ];
    for (const [original, reason] of cases) {
      await writeFile(file, original);
      await assert.rejects(put(), reason, original);
      assert.equal(await text(), original);
    }
    await writeFile(file, Buffer.from([0x7b, 0xff, 0x7d]));
    await assert.rejects(put(), /not written in UTF-8/);
    assert.deepEqual(await readdir(path.dirname(file)), ['settings.json'], 'no draft is left');
  });

  it('are not written when they change in that moment', async () => {
    await writeFile(file, '{}');
    const planned = await planServiceChange(file, wrapper, undefined);
    await writeFile(file, '{"theirs": 1}');
    await assert.rejects(planned.make(), /changed in this moment/);
    assert.equal(await text(), '{"theirs": 1}');
  });

  it('stay a link, with their permissions', async function () {
    if (process.platform === 'win32') this.skip();
    const real = path.join(root, 'dotfiles.json');
    await writeFile(real, '{ "a": 1 }');
    await chmod(real, 0o640);
    await symlink(real, file);
    const change = await put();
    assert.ok((await lstat(file)).isSymbolicLink());
    assert.ok((await readFile(real, 'utf8')).includes(wrapper));
    assert.equal((await stat(real)).mode & 0o777, 0o640);
    await undoServiceChange(change);
    assert.equal(await readFile(real, 'utf8'), '{ "a": 1 }');
    await rm(real);
    await assert.rejects(put(), /leads nowhere/);
  });

  it('come back to the byte, whatever is in them and however it is written', async () => {
    const json = fc.record({
      value: fc.dictionary(fc.string(), fc.jsonValue()),
      indent: fc.constantFrom('', '  ', '\t', '    '),
    });
    await fc.assert(
      fc.asyncProperty(json, async ({ value, indent }) => {
        const { env: _env, processWrapper: _wrapper, ...rest } = value as Record<string, unknown>;
        const original = JSON.stringify(rest, undefined, indent);
        await writeFile(file, original);
        const change = await put();
        const expected = { ...(JSON.parse(original) as object), env: { [variable]: wrapper } };
        assert.deepEqual(JSON.parse(await text()), expected);
        await undoServiceChange(change);
        assert.equal(await text(), original);
      }),
      { numRuns: 60 },
    );
  });
});
