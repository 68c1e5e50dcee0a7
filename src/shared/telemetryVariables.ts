import type { EnvironmentOverlay } from './overlayVariables.ts';

/**
 * Where the telemetry of an observed agent goes. All names are the general ones, and not those of the logs alone: where
 * an administrator's own come from a place that is not looked at (a server, a profile), Claude Code puts them over these
 * by name, and their exporter then works as if ours were not there. Source: Claude Code documentation, "Monitoring", and
 * OpenTelemetry specification, "OTLP Exporter Configuration".
 */
export const telemetryVariables = {
  enable: 'CLAUDE_CODE_ENABLE_TELEMETRY',
  logsExporter: 'OTEL_LOGS_EXPORTER',
  metricsExporter: 'OTEL_METRICS_EXPORTER',
  tracesExporter: 'OTEL_TRACES_EXPORTER',
  protocol: 'OTEL_EXPORTER_OTLP_PROTOCOL',
  endpoint: 'OTEL_EXPORTER_OTLP_ENDPOINT',
  logsInterval: 'OTEL_LOGS_EXPORT_INTERVAL',
} as const;

const names: ReadonlySet<string> = new Set(Object.values(telemetryVariables));

/**
 * Has Claude Code report its requests, and nothing of what is asked or answered: that is only told where a variable that
 * is not among these says so.
 * @param url the session's base URL at the observer, without a slash at its end.
 */
export function telemetryOverlay(url: string): EnvironmentOverlay {
  return {
    [telemetryVariables.enable]: '1',
    [telemetryVariables.logsExporter]: 'otlp',
    [telemetryVariables.metricsExporter]: 'none',
    [telemetryVariables.tracesExporter]: 'none',
    [telemetryVariables.protocol]: 'http/json',
    [telemetryVariables.endpoint]: url,
    // Milliseconds; the default of five seconds is long for what is on screen.
    [telemetryVariables.logsInterval]: '1000',
  };
}

/** Whether an overlay has the agent report. */
export function hasTelemetry(overlay: EnvironmentOverlay): boolean {
  return typeof overlay[telemetryVariables.endpoint] === 'string';
}

/** An overlay that leaves the agent's telemetry alone. */
export function withoutTelemetry(overlay: EnvironmentOverlay): EnvironmentOverlay {
  return Object.fromEntries(Object.entries(overlay).filter(([name]) => !names.has(name)));
}

/** The address that an overlay of ours gives; agents hand it to those that they start. */
const ourEndpoint = /^http:\/\/127\.0\.0\.1:\d+\/sk-aq-[\w.~-]+$/;

/** Takes our telemetry out of an environment that has it from another session. */
export function leaveTelemetry(environment: Readonly<Record<string, string | undefined>>): EnvironmentOverlay {
  if (observerUrlOf(environment) === undefined) return {};
  return Object.fromEntries([...names].map((name) => [name, null]));
}

/** Where an agent of this environment reports; undefined where it does not report to us. */
export function observerUrlOf(environment: Readonly<Record<string, unknown>>): string | undefined {
  const endpoint = environment[telemetryVariables.endpoint];
  return typeof endpoint === 'string' && ourEndpoint.test(endpoint) ? endpoint : undefined;
}

/**
 * Whether variables say something of telemetry that is not ours: an exporter or an address, or that there is to be none.
 * @param variables of a process, or the `env` of a settings file, unchecked.
 */
export function hasOwnTelemetry(variables: Readonly<Record<string, unknown>>): boolean {
  const enabled = variables[telemetryVariables.enable];
  if (enabled !== undefined && !isTrue(enabled)) return true;
  if (observerUrlOf(variables) !== undefined) return false;
  return Object.keys(variables).some((name) => /^OTEL_(?:EXPORTER_|(?:LOGS|METRICS|TRACES)_EXPORTER$)/i.test(name));
}

/** As Claude Code takes a switch in its environment. */
function isTrue(value: unknown): boolean {
  return ['1', 'true', 'yes', 'on'].includes(String(value).trim().toLowerCase());
}
