/** `check torn`: a log that was cut or damaged anywhere is told, never silently another log. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dice } from '@foldbook/engine';
import type { CliCommand, CommandContext } from '../command.ts';
import { duration, grouped } from '../output.ts';
import { isFailure, TornLog, type Verdict } from './torn-log.ts';

const DEFAULT_FLIPS = 10_000;
const DEFAULT_TAIL_BYTES = 65_536;
const LOG_BYTES = 256 * 1024;
const SEGMENT_BYTES = 96 * 1024;
const MAX_SEED = 2 ** 32 - 1;
/** Memory: the check is about what the files say, and syncing a disk takes milliseconds each. */
const MEMORY_FOLDER = '/dev/shm';
const SHOWN_FAILURES = 5;

export const torn: CliCommand = {
  name: 'check torn',
  summary:
    'a log cut off at every byte, and with bits flipped: its records as they were, or a code',
  help: `
Usage: foldbook check torn [--seed S] [--runs N] [--tail BYTES]

Writes a log of ${LOG_BYTES / 1024} KiB in segment files. Cuts it off at every one of its last bytes, and flips
single bits of it, and each time opens it as a service does, to read and to write. Right is: every
record that is whole, none of them changed and none missing that was durable before a later one was
written; or a refusal with a code. "journal verify" has to see all damage, too.
Exit status 1 if a record was changed or lost, damage went unseen, or an opening crashed.

  --seed S          of records and flips (default 1)
  --runs N          bits to flip, one at a time (default ${DEFAULT_FLIPS})
  --tail BYTES      to cut off, one at a time (default ${DEFAULT_TAIL_BYTES})
  --json            {"ok","seed","logBytes","records","segments","cuts":{"cut","refused CORRUPT",
                    ...},"flips":{...},"failures","ms"}

Example: foldbook check torn --seed 7 --runs 1000 --tail 1000`,
  takes: [],
  options: { seed: { type: 'string' }, runs: { type: 'string' }, tail: { type: 'string' } },
  endsOnSignal: true,
  run,
};

async function run(context: CommandContext): Promise<number> {
  const seed = context.integer('seed', 0, MAX_SEED) ?? 1;
  const flips = context.integer('runs', 0, 100_000_000) ?? DEFAULT_FLIPS;
  const tailBytes = context.integer('tail', 0, LOG_BYTES) ?? DEFAULT_TAIL_BYTES;
  const root = existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir();
  const dir = mkdtempSync(join(root, 'foldbook-torn-'));
  try {
    return await check(context, dir, { seed, flips, tailBytes });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function check(
  { output, signal }: CommandContext,
  dir: string,
  asked: { readonly seed: number; readonly flips: number; readonly tailBytes: number },
): Promise<number> {
  const { seed, flips, tailBytes } = asked;
  const startMs = performance.now();
  const dice = new Dice(seed);
  const log = await TornLog.write(dir, dice, { logBytes: LOG_BYTES, segmentBytes: SEGMENT_BYTES });
  const cuts = new Tally();
  for (let lessBytes = 0; lessBytes < tailBytes && !signal.aborted; lessBytes += 1) {
    cuts.add(await log.truncated(lessBytes), `cut off ${lessBytes} bytes`);
    output.progress('cuts', lessBytes, tailBytes);
  }
  log.restore();
  const flipped = new Tally();
  for (let run = 0; run < flips && !signal.aborted; run += 1) {
    const at = dice.below(log.sizeBytes);
    const bit = dice.below(8);
    flipped.add(await log.flipped(at, bit), `flip ${run}, bit ${bit} of byte ${at}`);
    output.progress('flips', run, flips);
  }
  output.endProgress();
  const failures = [...cuts.failures, ...flipped.failures];
  const ok = failures.length === 0;
  const figures = {
    ok,
    seed,
    logBytes: log.sizeBytes,
    records: log.records,
    segments: log.segments,
    cuts: cuts.byOutcome(),
    flips: flipped.byOutcome(),
    failures,
    ms: Math.round(performance.now() - startMs),
  };
  const words = [
    `log    ${grouped(log.sizeBytes)} bytes, ${log.records} records, ${log.segments} segments; ` +
      `seed ${seed}`,
    `cuts   ${cuts}`,
    `flips  ${flipped}`,
    ...failures.slice(0, SHOWN_FAILURES).map((failure) => `FAILED ${failure}`),
    `${ok ? 'never silent' : `${failures.length} FAILURES`} (${duration(figures.ms)})`,
  ];
  output.result(figures, words.join('\n'));
  return ok ? 0 : 1;
}

class Tally {
  readonly failures: string[] = [];
  readonly #counts = new Map<string, number>();

  add({ outcome, detail }: Verdict, what: string): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    if (isFailure(outcome)) this.failures.push(`${what}: ${outcome}: ${detail}`);
  }

  byOutcome(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  toString(): string {
    const parts = Object.entries(this.byOutcome());
    return parts.map(([outcome, count]) => `${grouped(count)} ${outcome}`).join(', ') || 'none';
  }
}
