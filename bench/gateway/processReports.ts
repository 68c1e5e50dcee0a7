/**
 * Loaded into each measured process before its own program (`node --import`): tells what the process has used when it is
 * asked, and ends it with the benchmark, unless it ends itself then.
 */
import type { ProcessUse } from './messages.ts';

process.on('message', (message) => {
  if (message !== 'use') return;
  const { user, system } = process.cpuUsage();
  const use: ProcessUse = { kind: 'use', cpuMs: (user + system) / 1000, residentBytes: process.memoryUsage.rss() };
  process.send?.(use);
});
process.on('disconnect', () => {
  if (process.listenerCount('disconnect') === 1) process.exit();
});
