import assert from 'node:assert/strict';
import { restoredFor } from '../../../src/core/overlay.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { restoredVariables } from '../../../src/shared/restoredVariables.ts';
import { apiKey, CoordinatorTester, gatewayUrl, subscription } from './coordinatorTester.ts';

describe('the overlay of an agent whose login is routed', () => {
  it('leads to the gateway by the session’s token, keeps the login, and takes out what would go before it', async () => {
    const tester = new CoordinatorTester(maxSubscriptionPlan()).configure({
      kind: 'subscription',
      source: 'Claude Code’s sign-in',
      mode: 'routed',
      baseUrl: 'https://api.anthropic.com',
    });
    const auth = await tester.coordinator.setupClaudeAgentAuth({ ticket: 't', agentId: 'a' });
    assert.ok(auth.kind === 'authenticated');
    assert.equal(auth.mode, 'routed');
    const [token = ''] = tester.secrets.tokens;
    const { CLAUDE_AGENT_ID, CLAUDE_SESSION_ID, CLAUDE_MAX_TOKENS_ALLOCATED, ...overlay } = auth.overlay;
    assert.ok(CLAUDE_AGENT_ID && CLAUDE_SESSION_ID && CLAUDE_MAX_TOKENS_ALLOCATED);
    assert.deepEqual(overlay, {
      ANTHROPIC_API_KEY: null,
      CLAUDE_API_KEY: null,
      ANTHROPIC_AUTH_TOKEN: null,
      ANTHROPIC_BASE_URL: `${gatewayUrl}/s/${token}`,
      CLAUDE_BASE_URL: `${gatewayUrl}/s/${token}`,
      NO_PROXY: 'inside.example,127.0.0.1,localhost',
      no_proxy: 'inside.example,127.0.0.1,localhost',
      ...restoredVariables,
    });
    await tester.coordinator.dispose();
  });
});

describe('what Claude Code leaves out behind a gateway', () => {
  it('is restored where the upstream is Anthropic’s own', () => {
    assert.deepEqual(restoredFor('https://api.anthropic.com', {}), {
      ENABLE_TOOL_SEARCH: 'true',
      CLAUDE_CODE_ENABLE_FINE_GRAINED_TOOL_STREAMING: '1',
      CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1',
    });
  });

  it('stays out where it would have been out without the gateway', () => {
    for (const url of ['https://llm.corp.example', 'https://api.anthropic.com.example/', 'http://127.0.0.1:9/x']) {
      assert.deepEqual(restoredFor(url, {}), {}, url);
    }
  });

  it('stays as the user has set it, to whatever', () => {
    for (const value of ['false', 'auto:5', '']) {
      const restored = restoredFor('https://api.anthropic.com', { ENABLE_TOOL_SEARCH: value });
      assert.deepEqual(Object.keys(restored), Object.keys(restoredVariables).slice(1));
    }
  });

  it('is in the overlay of routed agents alone', async () => {
    for (const [credentials, environment, expected] of [
      [apiKey, {}, ['true', '1', '1']],
      [apiKey, { CLAUDE_CODE_PROPAGATE_TRACEPARENT: '0' }, ['true', '1', undefined]],
      [{ ...apiKey, baseUrl: 'https://llm.corp.example' }, {}, [undefined, undefined, undefined]],
      [subscription, {}, [undefined, undefined, undefined]],
    ] as const) {
      const tester = new CoordinatorTester(apiKeyPlan()).configure(credentials);
      Object.assign(tester.environment, environment);
      const auth = await tester.coordinator.setupClaudeAgentAuth({ ticket: 't', agentId: 'a' });
      assert.ok(auth.kind === 'authenticated');
      assert.deepEqual(
        Object.keys(restoredVariables).map((name) => auth.overlay[name]),
        expected,
      );
      await tester.coordinator.dispose();
    }
  });
});
