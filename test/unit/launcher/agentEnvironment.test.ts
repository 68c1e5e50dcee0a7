import assert from 'node:assert/strict';
import { agentEnvironment } from '../../../src/launcher/agentEnvironment.ts';

describe('environment of an agent', () => {
  const control = { AGENT_QUOTA_SOCKET: '/s', AGENT_QUOTA_HOME: '/h', ELECTRON_RUN_AS_NODE: '1' };

  it('is the own one with the overlay, and without what is for the launcher', () => {
    const own = { ...control, PATH: '/bin', ANTHROPIC_API_KEY: 'real', ANTHROPIC_AUTH_TOKEN: 'real', NONE: undefined };
    const overlay = { ANTHROPIC_API_KEY: 'session', ANTHROPIC_AUTH_TOKEN: null, CLAUDE_AGENT_ID: 'a' };
    const expected = { PATH: '/bin', ANTHROPIC_API_KEY: 'session', CLAUDE_AGENT_ID: 'a' };
    assert.deepEqual(agentEnvironment(own, overlay, 'linux'), expected);
  });

  it('tells names apart by case, except on Windows', () => {
    const own = { Path: 'C:\\', Anthropic_Api_Key: 'real', electron_run_as_node: '1', agent_quota_socket: 'p' };
    const overlay = { ANTHROPIC_API_KEY: 'session', PATH: null };
    assert.deepEqual(agentEnvironment(own, overlay, 'win32'), { ANTHROPIC_API_KEY: 'session' });
    assert.deepEqual(agentEnvironment(own, overlay, 'linux'), { ...own, ANTHROPIC_API_KEY: 'session' });
  });

  it('has none of the control variables even if the overlay sets them', () => {
    assert.deepEqual(agentEnvironment({}, control, 'linux'), {});
  });

  it('reaches without a proxy what the user reaches without, and the gateway', () => {
    const overlay = { NO_PROXY: 'window.corp,127.0.0.1,localhost', no_proxy: 'window.corp,127.0.0.1,localhost' };
    const all = 'own.corp,.intern,window.corp,127.0.0.1,localhost';
    const both = { NO_PROXY: all, no_proxy: all };
    assert.deepEqual(agentEnvironment({ NO_PROXY: 'own.corp, .intern' }, overlay, 'linux'), both);
    assert.deepEqual(agentEnvironment({ NO_PROXY: 'own.corp', no_proxy: '.intern' }, overlay, 'linux'), both);
    const star = { NO_PROXY: '*', no_proxy: '*' };
    assert.deepEqual(agentEnvironment({ no_proxy: '*' }, overlay, 'linux'), star);
    assert.deepEqual(Object.values(agentEnvironment({ No_Proxy: 'own.corp,.intern' }, overlay, 'win32')), [all]);
    assert.deepEqual(agentEnvironment({ NO_PROXY: 'own.corp' }, {}, 'linux'), { NO_PROXY: 'own.corp' });
  });

  it('keeps what the user has set of what is only restored', () => {
    const overlay = { ENABLE_TOOL_SEARCH: 'true', CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1' };
    assert.deepEqual(agentEnvironment({}, overlay, 'linux'), overlay);
    const own = { ENABLE_TOOL_SEARCH: '' };
    assert.deepEqual(agentEnvironment(own, overlay, 'linux'), { ...overlay, ...own });
    assert.deepEqual(agentEnvironment({ Enable_Tool_Search: 'false' }, overlay, 'win32'), {
      Enable_Tool_Search: 'false',
      CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1',
    });
  });
});
