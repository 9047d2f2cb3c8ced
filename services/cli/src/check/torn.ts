/** `check torn`: a log that was cut or damaged anywhere is told, never silently another log. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dice } from '@foldbook/engine';
import { InterruptedError } from '../cli-error.ts';
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
/** Openings of real files take milliseconds: one of so many is of files, too. */
const CUTS_A_FILE = 64;
const FLIPS_A_FILE = 20;
/** Cases between two looks at Ctrl-C. */
const TURN = 256;

export const torn: CliCommand = {
  name: 'check torn',
  summary:
    'a log cut off at every byte, and with bits flipped: its records as they were, or a code',
  help: `
Usage: foldbook check torn [--seed S] [--runs N] [--tail BYTES]

Writes a log of ${LOG_BYTES / 1024} KiB in segment files. Cuts it off at every one of its last
bytes, and flips single bits of it, and each time opens the segment concerned by the code that opens
a log: in memory, and one cut of ${CUTS_A_FILE} and one flip of ${FLIPS_A_FILE} as files,
by a reader, a writer and the verification. Right is: every record that is whole, none of them
changed and none missing that was durable before a later one was written; or a refusal with a code.
Exit status 1 if a record was changed or lost, damage went unseen, or an opening crashed.

  --seed S          of records and flips (default 1)
  --runs N          bits to flip, one at a time (default ${DEFAULT_FLIPS})
  --tail BYTES      to cut off, one at a time (default ${DEFAULT_TAIL_BYTES})
  --json            {"ok","seed","logBytes","records","segments","cuts":{"whole","cut",
                    "refused CORRUPT"},"cutsOnDisk","flips","flipsOnDisk","failures","ms"}

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
  const cuts = { memory: new Tally(), disk: new Tally() };
  for (let lessBytes = 0; lessBytes < tailBytes; lessBytes += 1) {
    const what = `cut off ${lessBytes} bytes`;
    cuts.memory.add(await log.cutInMemory(lessBytes), what);
    if (lessBytes % CUTS_A_FILE === 0) cuts.disk.add(await log.cutOnDisk(lessBytes), what);
    if (lessBytes % TURN === 0) await turn(signal);
    output.progress('cuts', lessBytes, tailBytes);
  }
  log.restore();
  const flipped = { memory: new Tally(), disk: new Tally() };
  for (let run = 0; run < flips; run += 1) {
    const at = dice.below(log.sizeBytes);
    const bit = dice.below(8);
    const what = `flip ${run}, bit ${bit} of byte ${at}`;
    flipped.memory.add(await log.flipInMemory(at, bit), what);
    if (run % FLIPS_A_FILE === 0) flipped.disk.add(await log.flipOnDisk(at, bit), what);
    if (run % TURN === 0) await turn(signal);
    output.progress('flips', run, flips);
  }
  output.endProgress();
  const tallies = [cuts.memory, cuts.disk, flipped.memory, flipped.disk];
  const failures = tallies.flatMap((tally) => tally.failures);
  const ok = failures.length === 0;
  const figures = {
    ok,
    seed,
    logBytes: log.sizeBytes,
    records: log.records,
    segments: log.segments,
    cuts: cuts.memory.byOutcome(),
    cutsOnDisk: cuts.disk.byOutcome(),
    flips: flipped.memory.byOutcome(),
    flipsOnDisk: flipped.disk.byOutcome(),
    failures,
    ms: Math.round(performance.now() - startMs),
  };
  const words = [
    `log    ${grouped(log.sizeBytes)} bytes, ${log.records} records, ${log.segments} segments; ` +
      `seed ${seed}`,
    `cuts   ${cuts.memory}; of files: ${cuts.disk}`,
    `flips  ${flipped.memory}; of files: ${flipped.disk}`,
    ...failures.slice(0, SHOWN_FAILURES).map((failure) => `FAILED ${failure}`),
    `${ok ? 'never silent' : `${failures.length} FAILURES`} (${duration(figures.ms)})`,
  ];
  output.result(figures, words.join('\n'));
  return ok ? 0 : 1;
}

async function turn(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
  if (signal.aborted) throw new InterruptedError('interrupted');
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
