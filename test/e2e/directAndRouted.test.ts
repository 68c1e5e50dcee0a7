import assert from 'node:assert/strict';
import path from 'node:path';
import * as z from 'zod';
import type { EnvironmentOverlay } from '../../src/shared/overlayVariables.ts';
import { startAnthropicStandIn } from '../fakes/anthropicStandIn.ts';
import type { ServedRequest } from '../fakes/servedLog.ts';
import { startSimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { runClaude } from './claudeRun.ts';
import { startEngineProcess } from './engineProcess.ts';
import { differences, givenUp, requestParts, systemMarks } from './requestParts.ts';
import { realKey } from './runningEngine.ts';

const mcpServer = path.resolve(import.meta.dirname, '..', 'fakes', 'mcpServer.cjs');
const mcpConfig = { mcpServers: { fake: { command: process.execPath, args: [mcpServer] } } };
const args = [
  ...['-p', 'say hi', '--output-format', 'json', '--allowedTools', 'Bash'],
  ...['--mcp-config', JSON.stringify(mcpConfig)],
];
/** What a user of traces has; nothing listens there. */
const traces = {
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
};
const common = {
  ...traces,
  // As users have it, so that both runs may ask for what they like.
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '',
  // The tools of the server above are there before the first request.
  MCP_CONNECTION_NONBLOCKING: '0',
};

/** Of requests that come after others. */
const givenUpLater: readonly string[] = ['- attribution cc_prev_req', '- header x-claude-code-prev-tool-durations'];

const atTheStart: ReadonlySet<string> = new Set([
  'GET /api/claude_code/settings',
  'GET /api/claude_code/policy_limits',
  'POST /api/eval/',
  'GET /api/claude_cli/bootstrap',
  'GET /api/claude_code_penguin_mode',
  'GET /api/directory/server-urls',
  'GET /api/claude_code/organizations/metrics_enabled',
  'POST /api/event_logging/v2/batch',
]);

const resultSchema = z.object({
  is_error: z.literal(false),
  result: z.string(),
  num_turns: z.number(),
  modelUsage: z.record(z.string(), z.object({ contextWindow: z.number(), maxOutputTokens: z.number() })),
});

describe('the Claude Code CLI, directly at api.anthropic.com and through the gateway', function () {
  this.timeout(120_000);
  let direct: readonly ServedRequest[];
  let routed: readonly ServedRequest[];
  let strangers: readonly string[];
  const outputs: string[] = [];
  const opened: { close(): Promise<void> }[] = [];

  before(async () => {
    const upstream = await startSimulatedUpstream({
      keepBodies: true,
      behaviour: {
        acceptedKeys: [realKey],
        thinking: true,
        toolUse: { name: 'Bash', input: { command: 'echo hello', description: 'Say hello' } },
      },
    });
    opened.push(upstream);
    const standIn = await startAnthropicStandIn(upstream);
    opened.push(standIn);
    const requestsOf = async (overlay: EnvironmentOverlay): Promise<readonly ServedRequest[]> => {
      const before = upstream.requests.length;
      const run = await runClaude(args, { ...common, ...overlay });
      assert.equal(run.code, 0, run.stdout + run.stderr);
      outputs.push(run.stdout);
      return upstream.requests.slice(before);
    };
    direct = await requestsOf({ ...standIn.environment, ANTHROPIC_API_KEY: realKey });
    const engine = await startEngineProcess('https://api.anthropic.com', standIn.environment);
    opened.push(engine);
    routed = await requestsOf(engine.overlay);
    ({ strangers } = standIn);
  });
  // Also when it did not get so far: whatever stays open keeps the process from ending.
  after(async () => {
    for (const each of opened.reverse()) await each.close();
  });

  const messages = (requests: readonly ServedRequest[]): readonly ServedRequest[] =>
    requests.filter(({ path }) => path.startsWith('/v1/messages'));
  const lines = (requests: readonly ServedRequest[]): string[] =>
    requests.map(({ method, path }) => `${method} ${path.replace(/\?.*|(?<=eval\/).*/, '')}`);

  it('answer alike, with the same context window', () => {
    const [first, second] = outputs.map((output) => resultSchema.parse(JSON.parse(output)));
    assert.deepEqual(first, second);
  });

  it('ask for as many messages, with the real key alone, and talk to nobody else', () => {
    assert.equal(messages(direct).length, 2);
    assert.deepEqual(lines(messages(routed)), lines(messages(direct)));
    assert.ok([...direct, ...routed].filter(({ path }) => path.startsWith('/v1/')).every(({ key }) => key === realKey));
    assert.deepEqual(strangers, []);
  });

  it('differ in nothing but what Claude Code keeps for a base URL of Anthropic’s', () => {
    const found = messages(direct).map((request, index) => {
      const other = messages(routed)[index] ?? assert.fail('It was not sent.');
      return differences(requestParts(request), requestParts(other)).sort();
    });
    assert.deepEqual(found, [
      [...givenUp, '- body.diagnostics.previous_message_id'].sort(),
      [...givenUp, ...givenUpLater, '- body.diagnostics.previous_message_id'].sort(),
    ]);
  });

  it('have as many cache marks in the system prompt, alike but for whom the first is and how much it is of', () => {
    for (const [index, request] of messages(direct).entries()) {
      const [own, other] = [request, messages(routed)[index] ?? assert.fail('It was not sent.')].map(systemMarks);
      const marks = [own, other].map((found) => found?.map(({ mark }) => mark.cache_control));
      assert.deepEqual(marks[0], [{ type: 'ephemeral', scope: 'global' }, { type: 'ephemeral' }]);
      assert.deepEqual(marks[1], [{ type: 'ephemeral' }, { type: 'ephemeral' }]);
      const [common, all] = own ?? [];
      const [sentence, whole] = other ?? [];
      assert.equal(whole?.text, all?.text);
      assert.equal(whole?.text, requestParts(request).get('system text'), 'the last is of the whole prompt');
      assert.match(sentence?.text ?? '', /^You are a Claude agent[^.]*\.$/);
      assert.ok(sentence && common?.text.startsWith(`${sentence.text} `) && all?.text.startsWith(`${common.text} `));
    }
  });

  it('have what the overlay restores: tool search, fine-grained tool streaming, trace propagation', () => {
    for (const request of [...messages(direct), ...messages(routed)]) {
      const parts = requestParts(request);
      assert.ok(parts.has('body.tools.ToolSearch.name') && !parts.has('body.tools.mcp__fake__look_up.name'));
      assert.ok(String(request.body).includes('mcp__fake__look_up'), 'it is named, to be looked up');
      assert.equal(parts.get('body.tools.Bash.eager_input_streaming'), 'true');
      assert.equal(parts.get('header traceparent'), 'TRACE');
    }
  });

  it('differ at the start by what Claude Code asks Anthropic alone', () => {
    assert.deepEqual(
      lines(routed).filter((line) => !line.startsWith('POST /v1/messages')),
      [],
    );
    // Some of it comes or not, by how long the run takes.
    const unknown = lines(direct).filter((line) => !line.startsWith('POST /v1/messages') && !atTheStart.has(line));
    assert.deepEqual(unknown, []);
  });
});
