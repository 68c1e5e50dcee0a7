/**
 * Why a setting about the shared ledger cannot be used, where it holds a password: settings are files that are synced,
 * shared and shown on screens. @returns undefined where none is found. Never repeats the password.
 */
export function whyPasswordInSetting(text: string): string | undefined {
  const inAddress = /\bpostgres(?:ql)?:\/\/[^\s/@:]*:[^\s/@$`%{(]+@/i.test(text);
  const named = /\b(?:PGPASSWORD|password)\s*=\s*(?:'[^']+'|"[^"]+"|[^\s'"$`%&{(]+)/i.test(text);
  if (!inAddress && !named) return undefined;
  return (
    'It holds a password, and settings are synced, shared and shown. Put the password into ~/.pgpass, or name a command ' +
    'that gets the address from where your passwords are.'
  );
}
