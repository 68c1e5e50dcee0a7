/** What one machine wants of something. */
export interface Claim {
  readonly id: string;
  /** What it has been granted so far, in limits by weight. */
  readonly service: number;
  readonly weight: number;
  readonly needs: number;
  readonly wants: number;
}

/**
 * What a machine is granted of what is there: those that have had less come before it, with what they need or are behind
 * by; what is left beside the needs is shared by weight.
 * @returns of its needs and beside them, and what is kept for those before it.
 */
export function fairGrant(
  claims: readonly Claim[],
  id: string,
  room: number,
  limit: number,
): { readonly needed: number; readonly extra: number; readonly ahead: number } {
  const own = claims.find((claim) => claim.id === id);
  if (own === undefined) return { needed: 0, extra: 0, ahead: 0 };
  const before = claims.filter(
    (claim) => claim.service < own.service || (claim.service === own.service && claim.id < own.id),
  );
  let ahead = 0;
  for (const { needs, wants, service, weight } of before) {
    ahead += Math.min(wants, Math.max(needs, (own.service - service) * weight * limit));
  }
  const left = Math.max(0, room - ahead);
  const needed = Math.min(own.needs, left);
  const rest = claims.map((claim) => ({
    ...claim,
    wants: claim.id === id ? own.wants - needed : before.includes(claim) ? 0 : claim.wants,
  }));
  return { needed, extra: partOf(rest, id, left - needed), ahead };
}

/** A claim's part of an amount by max-min fairness: nobody gets more than it wants, and the rest by weight. */
function partOf(claims: readonly Claim[], id: string, amount: number): number {
  let left = amount;
  let open = claims.filter(({ wants, weight }) => wants > 0 && weight > 0);
  for (;;) {
    const weights = open.reduce((sum, { weight }) => sum + weight, 0);
    const own = open.find((claim) => claim.id === id);
    if (own === undefined || weights === 0) return 0;
    const each = left / weights;
    if (own.wants <= each * own.weight) return own.wants;
    const content = open.filter(({ wants, weight }) => wants <= each * weight);
    if (content.length === 0) return each * own.weight;
    left -= content.reduce((sum, { wants }) => sum + wants, 0);
    open = open.filter((claim) => !content.includes(claim));
  }
}
