import assert from 'node:assert/strict';
import type { MetricsOptions } from '../../../src/core/metrics.ts';
import { MetricsSwitch } from '../../../src/core/metricsSwitch.ts';
import { withRules } from '../../../src/core/priceRules.ts';
import { QuotaSignals } from '../../../src/core/quotaSignals.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { sampleSnapshot } from '../vscode/samples.ts';

class SwitchTester {
  readonly logger = createMemoryLogger();
  readonly started: MetricsOptions[] = [];
  loads = 0;
  closes = 0;
  readonly metrics = new MetricsSwitch({
    load: () => {
      this.loads += 1;
      return (options) => {
        this.started.push(options);
        return {
          text: () => Promise.resolve('up 1\n'),
          close: () => {
            this.closes += 1;
            return Promise.reject(new Error('the receiver is gone'));
          },
        };
      };
    },
    source: {
      signals: new QuotaSignals(),
      agentOf: () => '',
      snapshot: () => Promise.resolve(sampleSnapshot()),
      prices: () => withRules([], undefined),
    },
    engineId: 'engine',
    logger: this.logger,
    pushEveryMs: 1000,
  });
}

describe('the switch of metrics', () => {
  const otlp = { endpoint: 'http://127.0.0.1:4318', headers: { authorization: 'very-secret' } };

  it('loads nothing while metrics are off', async () => {
    const tester = new SwitchTester();
    tester.metrics.configure({ prometheus: false, otlp: undefined });
    assert.deepEqual([tester.loads, tester.metrics.isScraped], [0, false]);
    await assert.rejects(tester.metrics.text());
  });

  it('serves or pushes as the user wants, and begins anew only for another receiver', async () => {
    const tester = new SwitchTester();
    tester.metrics.configure({ prometheus: false, otlp });
    assert.equal(tester.metrics.isScraped, false, 'pushed is not served');
    tester.metrics.configure({ prometheus: true, otlp });
    assert.deepEqual([tester.loads, tester.metrics.isScraped, await tester.metrics.text()], [1, true, 'up 1\n']);
    tester.metrics.configure({ prometheus: true, otlp: { ...otlp, headers: {} } });
    assert.deepEqual([tester.loads, tester.closes], [2, 1]);
    tester.metrics.configure({ prometheus: false, otlp: undefined });
    assert.deepEqual([tester.closes, tester.metrics.isScraped], [2, false]);
    await tester.metrics.close();
  });

  it('says once that pushes fail, and when they work again', () => {
    const tester = new SwitchTester();
    tester.metrics.configure({ prometheus: false, otlp });
    const [started] = tester.started;
    for (const failure of [undefined, 'refused', 'refused', undefined, undefined]) started?.pushed(failure);
    assert.deepEqual(tester.logger.lines, ['Metrics could not be pushed (refused).', 'Metrics are pushed again.']);
  });

  it('leaves everything else as it is where metrics cannot be had', () => {
    const tester = new SwitchTester();
    const metrics = new MetricsSwitch({
      load: () => {
        throw new Error('no script');
      },
      source: {
        signals: new QuotaSignals(),
        agentOf: () => '',
        snapshot: () => Promise.resolve(sampleSnapshot()),
        prices: () => withRules([], undefined),
      },
      engineId: 'engine',
      logger: tester.logger,
      pushEveryMs: 1000,
    });
    metrics.configure({ prometheus: true, otlp: undefined });
    assert.deepEqual([metrics.isScraped, tester.logger.lines], [false, ['Metrics cannot be collected. no script']]);
  });
});
