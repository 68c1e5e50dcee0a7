/**
 * The time zone for tests of what is used "today", which must not go on over midnight: the user's own where TZ is set,
 * else one in which it is about noon now. Chromium on Windows knows the machine's alone, which is left there.
 */
export function noonZone(now = new Date()): { readonly TZ?: string } {
  if (process.env['TZ'] !== undefined || process.platform === 'win32') return {};
  const eastward = 12 - now.getUTCHours();
  // These names have the sign of POSIX: those east of Greenwich have a minus.
  return { TZ: `Etc/GMT${eastward > 0 ? '-' : '+'}${Math.abs(eastward)}` };
}
