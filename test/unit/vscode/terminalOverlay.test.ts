import assert from 'node:assert/strict';
import { telemetryOverlay } from '../../../src/shared/telemetryVariables.ts';
import { terminalOverlay } from '../../../src/vscode/terminalOverlay.ts';

describe('overlay of an agent terminal', () => {
  const overlay = { ANTHROPIC_API_KEY: 'session', ANTHROPIC_AUTH_TOKEN: null, NO_PROXY: 'a,127.0.0.1,localhost' };
  const hosts = (own: Record<string, string>, added?: unknown): unknown =>
    terminalOverlay(overlay, own, added)['NO_PROXY'];

  it('keeps the hosts that the terminal reaches without a proxy', () => {
    assert.equal(hosts({}), 'a,127.0.0.1,localhost');
    assert.equal(hosts({ NO_PROXY: 'own.corp', no_proxy: 'x' }), 'own.corp,x,a,127.0.0.1,localhost');
    assert.equal(hosts({ NO_PROXY: 'own.corp' }, { NO_PROXY: 'set.corp' }), 'set.corp,a,127.0.0.1,localhost');
    assert.equal(hosts({ NO_PROXY: 'own.corp' }, { NO_PROXY: null }), 'a,127.0.0.1,localhost');
    for (const bad of [undefined, null, 5, ['x'], { NO_PROXY: 5 }]) {
      assert.equal(hosts({ no_proxy: 'own.corp' }, bad), 'own.corp,a,127.0.0.1,localhost');
    }
  });

  it('leaves everything else as it is, and an overlay without such hosts too', () => {
    const { NO_PROXY, ...rest } = overlay;
    assert.ok(NO_PROXY);
    assert.deepEqual(terminalOverlay(rest, { NO_PROXY: 'own.corp' }, undefined), rest);
  });

  it('leaves telemetry to a user who has set it up, in whichever way', () => {
    const ours = telemetryOverlay('http://127.0.0.1:4711/sk-aq-0123456789-agent-quota-session');
    assert.deepEqual(terminalOverlay({ ...ours, X: 'x' }, {}, {}), { ...ours, X: 'x' });
    const theirs = { OTEL_LOGS_EXPORTER: 'otlp' };
    assert.deepEqual(terminalOverlay({ ...ours, X: 'x' }, theirs, {}), { X: 'x' });
    assert.deepEqual(terminalOverlay({ ...ours, X: 'x' }, {}, theirs), { X: 'x' });
  });

  it('keeps what the user has set of what is only restored', () => {
    const restored = { ENABLE_TOOL_SEARCH: 'true', CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1' };
    const rest = { CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1' };
    assert.deepEqual(terminalOverlay(restored, {}, {}), restored);
    assert.deepEqual(terminalOverlay(restored, { ENABLE_TOOL_SEARCH: 'auto' }, {}), rest);
    for (const value of ['false', null]) {
      assert.deepEqual(terminalOverlay(restored, {}, { ENABLE_TOOL_SEARCH: value }), rest);
    }
  });
});
