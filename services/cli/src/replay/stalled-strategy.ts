import { STALL_MS } from '@foldbook/history';
import { printableLines } from '../printable.ts';

let isTold = false;

/**
 * Says once that a strategy takes long. The thread that replays waits for it, and cannot end
 * tidily; the main thread hears of signals, and ends the process with the second.
 */
export function tellStall(path: string): void {
  if (isTold) return;
  isTold = true;
  const seconds = STALL_MS / 1e3;
  const words = `${path} has been at one block for ${seconds} s; Ctrl-C twice ends the run`;
  process.stderr.write(`foldbook: ${printableLines(words)}\n`);
}
