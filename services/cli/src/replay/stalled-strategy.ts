import { STALL_MS } from '@foldbook/history';
import { printableLines } from '../printable.ts';

let isTold = false;

/**
 * Says once that a strategy takes long. The thread that replays waits for it, and hears of no
 * signal meanwhile: from now on they end the process, as if it had never listened for them.
 */
export function tellStall(path: string): void {
  if (isTold) return;
  isTold = true;
  const seconds = STALL_MS / 1e3;
  const words = `${path} has been at one block for ${seconds} s; Ctrl-C ends the run at once now`;
  process.stderr.write(`foldbook: ${printableLines(words)}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(signal);
}
