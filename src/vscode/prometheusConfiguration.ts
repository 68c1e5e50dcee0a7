import * as vscode from 'vscode';
import { settings as ids } from '../contributions.ts';
import type { MetricsEndpoint, QuotaEngine } from '../core/quotaEngine.ts';
import { ProblemError } from './problemError.ts';
import { scrapeConfiguration } from './scrapeConfiguration.ts';
import type { SettingsReader } from './settingsReader.ts';

/** Puts into the clipboard what a Prometheus server needs to know of this window; offers to serve metrics first. */
export async function copyPrometheusConfiguration(engine: QuotaEngine, settings: SettingsReader): Promise<void> {
  if (!settings.current.reporting.prometheus) {
    const serve = 'Serve Metrics';
    const question = 'Agent Quota serves no metrics to Prometheus.';
    if ((await vscode.window.showInformationMessage(question, serve)) !== serve) return;
    await settings.set(ids.metricsPrometheus, true);
  }
  const endpoint = await endpointSoon(engine);
  await vscode.env.clipboard.writeText(scrapeConfiguration(endpoint, vscode.workspace.name ?? 'window'));
  void vscode.window.showInformationMessage(
    'The scrape configuration is in the clipboard. It has a token: keep the file to yourself.',
  );
}

const lookEveryMs = 200;
const mostLooks = 25;

/** The engine hears of the setting a moment later. @throws ProblemError */
async function endpointSoon(engine: QuotaEngine): Promise<MetricsEndpoint> {
  for (let look = 0; look < mostLooks; look += 1) {
    const endpoint = await engine.metricsEndpoint();
    if (endpoint !== undefined) return endpoint;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  throw new ProblemError({
    code: 'no-metrics',
    severity: 'error',
    message: 'The engine of Agent Quota does not serve metrics.',
    nextStep: 'The log says why.',
  });
}
