/**
 * What tells accounts apart on screen: characters of a digest from which neither a key nor an account's id can be had;
 * undefined for a subscription none of whose agents has told its account.
 * @param planId see `QuotaTerms`.
 */
export function accountName(planId: string): string | undefined {
  const [, ...digest] = planId.split('-');
  const name = digest
    .join('')
    .replaceAll(/[^0-9a-z]/gi, '')
    .slice(0, 4)
    .toLowerCase();
  return name === '' ? undefined : name;
}
