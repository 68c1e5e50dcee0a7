import { isSendableKey } from '../core/apiKey.ts';
import type { UpstreamTarget } from '../core/credentials.ts';
import { type UpstreamAddress, upstreamAddress } from './upstreamTarget.ts';

/**
 * Follows where requests go: gives the address to send to, the same object for as long as neither the base URL nor the
 * key changes, and undefined while there is none that a key may be sent to.
 */
export function currentAddress(upstream: () => UpstreamTarget | undefined): () => UpstreamAddress | undefined {
  let known: { readonly target: UpstreamTarget; readonly address: UpstreamAddress | undefined } | undefined;
  return () => {
    const target = upstream();
    if (target === undefined) return undefined;
    if (
      known?.target.baseUrl !== target.baseUrl ||
      known.target.key !== target.key ||
      known.target.renews !== target.renews
    ) {
      const { key } = target;
      const isSendable = key === undefined || isSendableKey(key);
      known = { target: { ...target }, address: isSendable ? upstreamAddress(target) : undefined };
    }
    return known.address;
  };
}
