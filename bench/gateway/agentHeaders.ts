/** The header lines of a request of Claude Code but for those of the connection; alternating names and values. */
export function agentHeaders(key: string): string[] {
  return [
    ...['accept', 'application/json'],
    ...['x-stainless-retry-count', '0'],
    ...['x-stainless-timeout', '600'],
    ...['x-stainless-lang', 'js'],
    ...['x-stainless-package-version', '0.110.0'],
    ...['x-stainless-os', 'Linux'],
    ...['x-stainless-arch', 'x64'],
    ...['x-stainless-runtime', 'node'],
    ...['x-stainless-runtime-version', 'v24.21.0'],
    ...['anthropic-dangerous-direct-browser-access', 'true'],
    ...['anthropic-version', '2023-06-01'],
    ...['anthropic-beta', 'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27'],
    ...['x-api-key', key],
    ...['x-app', 'cli'],
    ...['x-claude-code-session-id', '8d7f2c52-3a9e-4f0c-9a38-0d6b3b1f1c11'],
    ...['user-agent', 'claude-cli/2.1.330 (external, cli)'],
    ...['content-type', 'application/json'],
    ...['accept-encoding', 'identity'],
  ];
}
