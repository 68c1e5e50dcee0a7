import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { agentBody } from '../../../bench/gateway/agentBody.ts';
import {
  endProcess,
  freePort,
  listening,
  reporting,
  startForwarder,
  startProcess,
} from '../../../bench/gateway/forwarderProcess.ts';
import { chosenForwarders, forwarders } from '../../../bench/gateway/forwarders.ts';
import { figuresOf } from '../../../bench/gateway/gatewayFigures.ts';
import { gatewaySummary } from '../../../bench/gateway/gatewayReport.ts';
import type { Measurement } from '../../../bench/gateway/gatewayRounds.ts';
import { loadResultSchema, nextMessage, readySchema, type LoadTask } from '../../../bench/gateway/messages.ts';
import { readMessageAsk } from '../../../src/gateway/messageAsk.ts';

describe('the gateway benchmark', () => {
  it('compares each round with itself, and tells medians', () => {
    const measurements = [1, 2, 3].flatMap((round) => [
      measurement('direct', round, { p50: round, answered: 1000 }),
      measurement('pipe', round, { p50: round + 1, answered: 500 * round, cpuMs: 50 * round }),
      measurement('gateway', round, { p50: round + 3, answered: 250 * round, cpuMs: 50 * round * round }),
    ]);
    const figures = figuresOf(measurements, 'gateway', 'json', 16);
    assert.equal(figures?.requestsRatio, 0.5);
    assert.equal(figures.requestsPerSecond, 500);
    assert.equal(figures.addedP50, 3);
    assert.equal(figures.cpuRatio, 4);
    assert.deepEqual(gatewaySummary(measurements), {
      jsonRpsRatio16: 0.5,
      cpuRatio16: 4,
      pipe: { jsonRpsRatio16: 1, cpuRatio16: 1 },
      peers: {},
    });
  });

  it('has no figures for who answered a request wrong', () => {
    const measurements = [
      measurement('direct', 0, {}),
      measurement('pipe', 0, {}),
      measurement('fastify', 0, { failed: 1 }),
    ];
    assert.notEqual(figuresOf(measurements, 'pipe', 'json', 16), undefined);
    assert.equal(figuresOf(measurements, 'fastify', 'json', 16), undefined);
  });

  it('always measures what others are compared with', () => {
    assert.deepEqual(chosenForwarders(['gateway']), ['direct', 'pipe', 'gateway']);
    assert.throws(() => chosenForwarders(['gatway']), /no gatway/);
  });

  it('asks as Claude Code does', () => {
    const body = agentBody('large', true);
    assert.ok(Math.abs(body.length - 60_000) < 200, `${body.length} bytes`);
    assert.deepEqual(readMessageAsk(body, true), { model: 'claude-sonnet-5', maxTokens: 32_000 });
  });

  it('puts a load through the bare pipe, JSON and streamed', async () => {
    const port = await freePort();
    const upstream = startProcess(
      [...reporting, `${import.meta.dirname}/../../../bench/gateway/upstreamProcess.ts`, `${port}`],
      tmpdir(),
    );
    const load = startProcess([`${import.meta.dirname}/../../../bench/gateway/loadProcess.ts`], tmpdir());
    try {
      await listening(port, upstream);
      const pipe = await startForwarder(forwarders.pipe, `http://127.0.0.1:${port}`);
      for (const stream of [false, true]) {
        const { route, headers } = pipe;
        const task: LoadTask = { kind: 'load', route, headers, body: 'large', stream, connections: 3, durationMs: 1 };
        load.send(task);
        assert.deepEqual(await nextMessage(load, readySchema), { kind: 'ready', answered: 3 });
        load.send('go');
        const { answered, failed, whole, first } = await nextMessage(load, loadResultSchema);
        assert.ok(answered >= 3 && failed === 0, `${answered} answered, ${failed} failed`);
        assert.ok(first.p50 > 0 && first.p50 <= whole.p50);
      }
      const { cpuMs, residentBytes } = await pipe.use();
      assert.ok(cpuMs > 0 && residentBytes > 0);
      await pipe.end();
    } finally {
      await Promise.all([endProcess(load), endProcess(upstream)]);
    }
  });
});

interface Measured {
  readonly p50?: number;
  readonly answered?: number;
  readonly failed?: number;
  readonly cpuMs?: number;
}

/** Of a second, with JSON answers at 16 connections. */
function measurement(name: Measurement['name'], round: number, measured: Measured): Measurement {
  const { p50 = 1, answered = 100, failed = 0, cpuMs = 10 } = measured;
  const times = { count: answered, p50, p99: p50, worst: p50 };
  const result = { kind: 'result', elapsedMs: 1000, answered, failed, whole: times, first: times } as const;
  return { round, name, ask: 'json', connections: 16, result, cpuMs, residentBytes: 1 };
}
