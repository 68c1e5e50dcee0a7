/** What a generated line differs in from the usual; a field that is `undefined` is left out of the line. */
export interface LineParts {
  readonly messageId?: unknown;
  readonly requestId?: unknown;
  readonly model?: unknown;
  readonly usage?: unknown;
  readonly content?: readonly unknown[];
  readonly stopReason?: string | null;
  readonly timestamp?: unknown;
  readonly more?: Readonly<Record<string, unknown>>;
}

export const usualUsage = {
  input_tokens: 3,
  cache_creation_input_tokens: 30,
  cache_read_input_tokens: 500,
  output_tokens: 70,
  service_tier: 'standard',
  cache_creation: { ephemeral_1h_input_tokens: 20, ephemeral_5m_input_tokens: 10 },
  iterations: [],
  speed: 'standard',
  fallback_credit: null,
};

/** A line as Claude Code 2.1.330 writes it, without its line break. */
export function transcriptLine(parts: LineParts = {}): string {
  const { content = [{ type: 'text', text: 'Hello.' }], stopReason = 'end_turn', more = {} } = parts;
  const message = {
    model: 'model' in parts ? parts.model : 'claude-opus-5-5',
    id: 'messageId' in parts ? parts.messageId : 'msg_1',
    type: 'message',
    role: 'assistant',
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: 'usage' in parts ? parts.usage : usualUsage,
    stop_details: null,
  };
  return JSON.stringify({
    parentUuid: 'eb3b7e7f-848a-4d05-9894-57cbabce2c2f',
    isSidechain: false,
    message,
    requestId: 'requestId' in parts ? parts.requestId : 'req_1',
    type: 'assistant',
    timestamp: 'timestamp' in parts ? parts.timestamp : '2026-11-25T04:12:49.627Z',
    cwd: '/home/user/a project',
    sessionId: '9450c981-d160-4627-b061-8be296d65973',
    version: '2.1.330',
    ...more,
  });
}
