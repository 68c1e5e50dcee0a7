type Value = string | number | boolean;

/** A log record of Claude Code, as its exporter writes it in JSON. */
export function apiRequest(attributes: Readonly<Record<string, Value>>, body = 'claude_code.api_request'): unknown {
  return {
    timeUnixNano: '1795580584408000000',
    body: { stringValue: body },
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })),
  };
}

/** What an exporter posts. */
export function exportOf(records: readonly unknown[]): unknown {
  return { resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords: records }] }] };
}

function anyValue(value: Value): Readonly<Record<string, Value>> {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
}
