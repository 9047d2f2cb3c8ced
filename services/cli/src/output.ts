import { printable, printableLines } from './printable.ts';

/** What a command prints: lines for people, or one JSON object per result with --json. */
export interface Output {
  readonly json: boolean;
  /** A result. People see `words`; with --json the object is printed alone on a line. */
  result(object: Record<string, unknown>, words: string): void;
  /** Something for people only. */
  say(words: string): void;
  /** Progress of long work: a bar on a terminal, a line now and then elsewhere. */
  progress(label: string, done: number, total: number): void;
  /** Ends a progress bar's line. */
  endProgress(): void;
}

const BAR_CELLS = 30;
const LINE_EVERY_MS = 5_000;

/** Bigints become strings: JSON has no integers past 2^53. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'bigint' ? field.toString() : field,
  );
}

export function createOutput(json: boolean): Output {
  const terminal = process.stderr.isTTY === true && !json;
  let lastLineMs: number | undefined;
  let open = false;
  const endProgress = () => {
    if (open) process.stderr.write('\n');
    open = false;
  };
  return {
    json,
    result(object, words) {
      endProgress();
      process.stdout.write(`${json ? printable(toJson(object)) : printableLines(words)}\n`);
    },
    say(words) {
      endProgress();
      if (!json) process.stdout.write(`${printableLines(words)}\n`);
    },
    progress(label, done, total) {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const percent = `${Math.floor(share * 100)}`.padStart(3);
      if (terminal) {
        const cells = Math.round(share * BAR_CELLS);
        const bar = '#'.repeat(cells).padEnd(BAR_CELLS, '.');
        process.stderr.write(`\r${label} [${bar}] ${percent}%`);
        open = true;
        return;
      }
      // Nothing for work that is done at once.
      lastLineMs ??= Date.now();
      if (Date.now() - lastLineMs < LINE_EVERY_MS) return;
      lastLineMs = Date.now();
      process.stderr.write(`${label} ${percent}%\n`);
    },
    endProgress,
  };
}

/** Rows as columns that are as wide as their widest cell, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, { length }] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, length);
    }
  }
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** "1 epoch", "2 epochs". */
export const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** 1234567 -> "1,234,567". */
export const grouped = (value: number) => Math.round(value).toLocaleString('en-US');

/** To 0.1 ms: further digits say nothing. */
export const roundedMs = (ms: number) => Math.round(ms * 10) / 10;

/** 12.3 s or 45 ms. */
export const duration = (ms: number) =>
  ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${ms.toFixed(0)} ms`;
