/** Both spellings are read, by one program or another. */
export const noProxyVariables = ['NO_PROXY', 'no_proxy'] as const;

const loopback = ['127.0.0.1', 'localhost'];

/**
 * A list of hosts that are reached without a proxy, with this machine in it: without that, an agent behind a company's
 * proxy would send its requests to the gateway through the proxy, prompts and session key in clear.
 * @param lists comma-separated lists that are there already; undefined for none.
 */
export function noProxyWithLoopback(...lists: readonly (string | undefined)[]): string {
  const hosts = lists.flatMap((list) => (list ?? '').split(',')).map((host) => host.trim());
  // Many programs know the star only when it stands alone.
  if (hosts.includes('*')) return '*';
  return [...new Set([...hosts.filter((host) => host !== ''), ...loopback])].join(',');
}
