/** Bytes of a body that a conversation of Claude Code begins with, and of a short question. */
const sizes = { large: 60_000, small: 400 } as const;

/** A request body as Claude Code writes it: the model first, `max_tokens` and `stream` behind the messages. */
export function agentBody(size: keyof typeof sizes, stream: boolean): Buffer {
  const compose = (text: string): string =>
    JSON.stringify({
      model: 'claude-sonnet-5',
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      system: [{ type: 'text', text: 'You answer in one sentence.', cache_control: { type: 'ephemeral' } }],
      max_tokens: 32_000,
      stream,
    });
  const line = 'A line of "code" that is being talked about:\n\tconst answer = await client.messages.create(body);\n';
  const rest = sizes[size] - compose('').length;
  return Buffer.from(compose(line.repeat(Math.max(1, Math.round(rest / (JSON.stringify(line).length - 2))))));
}
