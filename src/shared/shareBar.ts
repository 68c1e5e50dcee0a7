const barLength = 10;

/** A share as a bar of text. Full only when all is used. Both characters are in the fonts of the oldest consoles. */
export function shareBar(percentage: number): string {
  const filled = Math.min(barLength, Math.max(0, Math.floor((percentage / 100) * barLength)));
  return '█'.repeat(filled) + '░'.repeat(barLength - filled);
}
