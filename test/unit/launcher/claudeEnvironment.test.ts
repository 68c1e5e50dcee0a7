import assert from 'node:assert/strict';
import { agentEnvironment } from '../../../src/launcher/agentEnvironment.ts';
import { claudeEnvironment, leaveSession } from '../../../src/launcher/claudeEnvironment.ts';
import { telemetryOverlay } from '../../../src/shared/telemetryVariables.ts';

const token = 'sk-aq-abc-agent-quota-session';
const routed = {
  PATH: '/bin',
  ANTHROPIC_API_KEY: token,
  CLAUDE_API_KEY: token,
  ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
  CLAUDE_BASE_URL: 'http://127.0.0.1:1',
  CLAUDE_AGENT_ID: 'a',
  CLAUDE_SESSION_ID: 's',
};

describe('environment of Claude Code', () => {
  it('has the session’s key where it is not asked about, and there alone', () => {
    const { ANTHROPIC_API_KEY, ...rest } = routed;
    assert.deepEqual(claudeEnvironment(routed, undefined), { ...rest, ANTHROPIC_AUTH_TOKEN: ANTHROPIC_API_KEY });
  });

  it('leaves a key alone that is no session’s', () => {
    const own = { ANTHROPIC_API_KEY: 'sk-ant-own', PATH: '/bin' };
    assert.deepEqual(claudeEnvironment(own, undefined), own);
  });

  it('names the process wrapper unless the user has one', () => {
    const variable = 'CLAUDE_CODE_PROCESS_WRAPPER';
    assert.equal(claudeEnvironment({}, '/ours')[variable], '/ours');
    const spaced = '/Users/me/Library/Application Support/it "is"';
    assert.deepEqual(JSON.parse(claudeEnvironment({}, spaced)[variable] ?? ''), [spaced]);
    assert.equal(claudeEnvironment({ [variable]: '/theirs' }, '/ours')[variable], '/theirs');
    assert.equal(claudeEnvironment({ [variable]: '' }, '/ours')[variable], '', 'none is a choice too');
  });

  it('caps subagents, and raises no cap of the user’s', () => {
    const overlay = { CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS: '4', CLAUDE_CODE_MAX_SUBAGENTS_PER_SESSION: '50' };
    const own = { CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS: '2', CLAUDE_CODE_MAX_SUBAGENTS_PER_SESSION: '500' };
    assert.deepEqual(agentEnvironment(own, overlay, 'linux'), {
      CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS: '2',
      CLAUDE_CODE_MAX_SUBAGENTS_PER_SESSION: '50',
    });
    const odd = { CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS: 'many' };
    assert.equal(agentEnvironment(odd, overlay, 'linux')['CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS'], '4');
  });
});

describe('leaving a session', () => {
  it('takes out its key, its addresses and its names', () => {
    const left = agentEnvironment(
      claudeEnvironment(routed, undefined),
      leaveSession(claudeEnvironment(routed, undefined)),
      'linux',
    );
    assert.deepEqual(left, { PATH: '/bin' });
  });

  it('takes out the address that has the key in it, where a login is routed, and no other', () => {
    const login = {
      ANTHROPIC_BASE_URL: `http://127.0.0.1:4711/s/${token}`,
      CLAUDE_BASE_URL: 'http://127.0.0.1:4711/s/own',
      CLAUDE_SESSION_ID: 's',
    };
    assert.deepEqual(agentEnvironment(login, leaveSession(login), 'linux'), {
      CLAUDE_BASE_URL: 'http://127.0.0.1:4711/s/own',
    });
  });

  it('leaves the user’s own key and address alone', () => {
    const own = { ANTHROPIC_API_KEY: 'sk-ant-own', ANTHROPIC_BASE_URL: 'https://gateway.corp', CLAUDE_SESSION_ID: 's' };
    const { CLAUDE_SESSION_ID, ...rest } = own;
    assert.equal(CLAUDE_SESSION_ID, 's');
    assert.deepEqual(agentEnvironment(own, leaveSession(own), 'linux'), rest);
  });

  it('ends our telemetry and not the user’s', () => {
    const ours = telemetryOverlay(`http://127.0.0.1:5/${token}`) as Record<string, string>;
    assert.deepEqual(agentEnvironment(ours, leaveSession(ours), 'linux'), {});
    const theirs = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.corp', OTEL_LOGS_EXPORTER: 'otlp' };
    assert.deepEqual(agentEnvironment(theirs, leaveSession(theirs), 'linux'), theirs);
  });
});
