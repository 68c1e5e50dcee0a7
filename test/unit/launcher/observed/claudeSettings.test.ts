import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isClaudeCode, readClaudeCall, withSettings } from '../../../../src/launcher/observed/claudeCommand.ts';
import { parseSettings, settingsFiles } from '../../../../src/launcher/observed/claudeSettings.ts';
import { hookObstacle, observingSettings } from '../../../../src/launcher/observed/observingSettings.ts';
import {
  posixStatusLineCommand,
  windowsStatusLineCommand,
} from '../../../../src/launcher/observed/statusLineCommand.ts';
import { statusLineShell } from '../../../../src/launcher/observed/statusLineShell.ts';

const parts = {
  relayUrl: 'http://127.0.0.1:5',
  statusLineCommand: 'ours',
  statusLine: undefined,
  env: {},
} as const;

describe('settings for one run of Claude Code', () => {
  it('knows the program by name and by script, on every platform', () => {
    const yes: [string, string[]][] = [
      ['claude', []],
      ['/usr/local/bin/claude', []],
      ['C:\\Program Files\\x\\claude.exe', []],
      ['claude.cmd', []],
      ['node', ['/lib/node_modules/@anthropic-ai/claude-code/cli.js', '-p']],
    ];
    for (const [command, args] of yes) assert.equal(isClaudeCode(command, args), true, command);
    for (const [command, args] of [
      ['node', ['cli.js']],
      ['claude-helper', []],
      ['bash', ['claude']],
    ] as const)
      assert.equal(isClaudeCode(command, args), false, command);
  });

  it('leaves calls alone in which no turn is held', () => {
    for (const args of [['mcp', 'list'], ['--model', 'opus', 'doctor'], ['-v'], ['--bg', 'x'], ['-p', 'x', '--bare']])
      assert.equal(readClaudeCall(args), undefined, args.join(' '));
    assert.deepEqual(readClaudeCall(['-p', 'mcp is what?']), { prints: true });
    assert.deepEqual(readClaudeCall(['say mcp', 'mcp']), { prints: false });
    assert.deepEqual(readClaudeCall(['--model', 'mcp']), { prints: false });
    assert.deepEqual(readClaudeCall(['--', '--version']), { prints: false });
  });

  it('keeps every argument of the user, in order', () => {
    const argument = fc.oneof(
      fc.constantFrom('-p', '--settings=a', '--model', '--', '--settings', 'x.json', '--allowedTools', 'Bash'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(argument), (args) => {
        const call = readClaudeCall(args);
        if (call === undefined) return;
        const result = withSettings(args, call, 'OURS');
        if (call.settings === undefined) {
          assert.deepEqual(result, ['--settings', 'OURS', ...args]);
          return;
        }
        const { index, joined, value } = call.settings;
        const at = joined ? index : index + 1;
        assert.equal(result[at], joined ? '--settings=OURS' : 'OURS');
        assert.equal(args[at], joined ? `--settings=${value}` : value);
        assert.deepEqual(result.with(at, args[at] ?? ''), args);
      }),
    );
  });

  it('keeps every setting of the user, and their hooks before ours', () => {
    const hooks = fc.dictionary(
      fc.constantFrom('UserPromptSubmit', 'PreToolUse', 'Notification'),
      fc.array(fc.jsonValue()),
    );
    const settings = fc.record(
      { hooks, model: fc.string(), permissions: fc.jsonValue(), env: fc.dictionary(fc.string(), fc.string()) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, (drawn) => {
        const own = parseSettings(JSON.stringify(drawn));
        assert.ok(own !== undefined);
        const { hooks: merged = {}, statusLine, ...rest } = observingSettings(own, parts);
        const { hooks: before = {}, ...others } = own;
        assert.deepEqual(rest, others);
        assert.equal(statusLine?.command, 'ours');
        for (const [event, list] of Object.entries(before)) {
          const all = merged[event];
          assert.ok(Array.isArray(all) && Array.isArray(list));
          assert.deepEqual(all.slice(0, list.length), list);
        }
      }),
    );
  });

  it('takes the looks of the status line from the user, and reaches this machine without their proxy', () => {
    const merged = observingSettings(
      {},
      { ...parts, statusLine: { type: 'command', command: 'theirs', padding: 2 }, env: { NO_PROXY: 'a.example' } },
    );
    assert.deepEqual(merged.statusLine, { type: 'command', command: 'ours', padding: 2 });
    assert.deepEqual(merged.env, { NO_PROXY: 'a.example,127.0.0.1,localhost' });
    assert.doesNotMatch(JSON.stringify(merged), /Bearer [^$]/, 'arguments carry no secret');
  });

  it('says what keeps hooks from running', () => {
    assert.equal(hookObstacle({ disableAllHooks: true }), 'disableAllHooks');
    assert.equal(hookObstacle({ allowedHttpHookUrls: [] }), 'allowedHttpHookUrls');
    assert.equal(hookObstacle({ disableAllHooks: false, allowManagedHooksOnly: false }), undefined);
  });

  it('looks where each platform keeps settings', () => {
    const place = { environment: {}, home: 'C:\\Users\\a b', cwd: 'D:\\w', platform: 'win32' } as const;
    const { below, managed } = settingsFiles(place);
    assert.deepEqual(below.slice(0, 2), ['C:\\Users\\a b\\.claude\\settings.json', 'D:\\w\\.claude\\settings.json']);
    assert.equal(managed, 'C:\\Program Files\\ClaudeCode\\managed-settings.json');
    const mac = settingsFiles({ environment: { CLAUDE_CONFIG_DIR: '/c' }, home: '/h', cwd: '/w', platform: 'darwin' });
    assert.deepEqual(mac.below, ['/c/settings.json', '/w/.claude/settings.json', '/w/.claude/settings.local.json']);
  });

  it('calls itself in a way that the shell of each platform understands', () => {
    const launcher = { program: "/opt/it's/node", script: '/x y/launcher.cjs', isElectron: true };
    assert.equal(
      posixStatusLineCommand(launcher),
      "exec env ELECTRON_RUN_AS_NODE=1 '/opt/it'\\''s/node' '/x y/launcher.cjs' 'status-line'",
    );
    assert.equal(windowsStatusLineCommand('C:\\T\\USER~1\\s.cmd'), 'C:/T/USER~1/s.cmd');
    assert.equal(windowsStatusLineCommand('C:\\a b\\s.cmd'), undefined);
    assert.deepEqual(
      statusLineShell('x', 'linux', {}, () => true),
      { program: '/bin/sh', args: ['-c', 'x'] },
    );
    assert.equal(statusLineShell('x', 'win32', {}, () => false).program, 'powershell.exe');
    assert.equal(
      statusLineShell('x', 'win32', { CLAUDE_CODE_GIT_BASH_PATH: 'D:\\b.exe' }, () => true).program,
      'D:\\b.exe',
    );
  });
});
