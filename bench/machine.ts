import { availableParallelism, cpus, totalmem } from 'node:os';

/** What a benchmark ran on, and when. */
export function machine(): string {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  const [day] = new Date().toISOString().split('T');
  return (
    `${day}, Node ${process.versions.node} with SQLite ${process.versions['sqlite'] ?? 'unknown'}, ` +
    `${process.platform} ${process.arch}, ${availableParallelism()} × ${processor}, ${memory} GB.`
  );
}
