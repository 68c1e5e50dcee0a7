/**
 * What tells API accounts apart on screen: characters of a digest from which no key can be had; undefined for a
 * subscription, whose login is not read.
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
