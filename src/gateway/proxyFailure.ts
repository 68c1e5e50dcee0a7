/** The proxy before the upstream could not be spoken to, or made no tunnel. */
export class ProxyFailureError extends Error {
  override readonly name = 'ProxyFailureError';
  /** Its name and port. */
  readonly proxy: string;
  /** What it answered, if it did. */
  readonly status: number | undefined;

  /** @param how its answer's status, or what was reported instead of one. */
  constructor(proxy: string, how: { readonly status: number } | { readonly cause: unknown }) {
    const status = 'status' in how ? how.status : undefined;
    super(`The proxy ${proxy} made no tunnel${status === undefined ? '' : ` (${status})`}.`, 'cause' in how ? how : {});
    this.proxy = proxy;
    this.status = status;
  }
}
