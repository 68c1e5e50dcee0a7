const [least, most] = [0.01, 100];

/** A weight as it was typed. `null` leaves it to the agent's own. */
export type ParsedWeight =
  { readonly kind: 'good'; readonly weight: number | null } | { readonly kind: 'bad'; readonly why: string };

/** @param text empty for the agent's own; a comma is taken for the decimal point that it is to many. */
export function parseWeight(text: string): ParsedWeight {
  const typed = text.trim().replace(',', '.');
  if (typed === '') return { kind: 'good', weight: null };
  const weight = Number(typed);
  return weight >= least && weight <= most
    ? { kind: 'good', weight }
    : { kind: 'bad', why: `Give a number from ${least} to ${most}, or nothing.` };
}
