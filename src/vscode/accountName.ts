/**
 * What tells API accounts apart on screen: the first digits of a digest from which no key can be had; undefined for a
 * subscription, whose login is not read.
 */
export function accountName(planId: string): string | undefined {
  return /-([0-9a-zA-Z_-]{4})/.exec(planId)?.[1];
}
