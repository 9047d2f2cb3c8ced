/** `check fuzz`: whatever bytes a decoder is given, it answers with a value or a coded error. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { fileTrouble } from '../file-trouble.ts';
import { corpusFolder, FORMATS, openFormat, readCorpus } from '../fuzz/formats.ts';
import type { FailedInput } from '../fuzz/fuzz-messages.ts';
import { type FuzzResult, fuzz } from '../fuzz/fuzz-run.ts';
import { duration, grouped } from '../output.ts';

const DEFAULT_RUNS = 10_000;
const MAX_RUNS = 1_000_000_000;
const MAX_SEED = 2 ** 32 - 1;
const MAX_JOBS = 64;
const DEFAULT_OUT = '.foldbook/fuzz';
const SHOWN_CHARACTERS = 600;

export const fuzzCheck: CliCommand = {
  name: 'check fuzz',
  summary:
    'decoders of market data, of the wire and of proofs, given bytes that nobody should send',
  help: `
Usage: foldbook check fuzz [--format NAME] [--runs N] [--seed S] [--jobs N] [--out DIR]
       foldbook check fuzz --input FILE --format NAME

Plays the inputs that are kept of each format, then as many more that are made of them: bits,
bytes, numbers and lines changed, taken out, put in, repeated, cut and joined. Right is a value
or an error with a code, in bounded memory and time, at a place inside the input. Market data is
decoded whole, and cut anywhere: events, counts and error must be the same; leniently: the same
events, and perhaps more; and what comes of it goes through the replay book. The same seed makes
the same inputs. One that fails is made as small as it gets while it fails in the same way, and
written to a file; the format's other inputs are left out then.

  --format NAME     one alone (default all):${listed(FORMATS, 20)}
  --runs N          inputs of each format (default ${DEFAULT_RUNS})
  --seed S          of what is made (default 1)
  --jobs N          threads that share the inputs (default 1)
  --out DIR         for inputs that fail (default ${DEFAULT_OUT})
  --input FILE      plays this file alone
  --json            an object for each format: {"ok","format","seed","runs","bytes","outcomes":
                    {"whole","TRUNCATED",...},"ms"}; one that failed has "kind","error","run",
                    "input" and "command", too

Exit status 1 if an input failed.

Example: foldbook check fuzz --format itch --runs 1000000 --jobs 2`,
  takes: [],
  options: {
    format: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string' },
    out: { type: 'string' },
    input: { type: 'string' },
  },
  endsOnSignal: true,
  run,
};

/** Names in lines of the help. */
function listed(names: readonly string[], indent: number): string {
  const lines: string[] = [''];
  for (const name of names) {
    const line = `${lines.at(-1)}${name}, `;
    if (line.length + indent <= 96) lines[lines.length - 1] = line;
    else lines.push(`${name}, `);
  }
  const text = lines.map((line) => line.trimEnd()).join(`\n${' '.repeat(indent)}`);
  return `\n${' '.repeat(indent)}${text.replace(/,$/, '')}`;
}

interface Asked {
  readonly formats: readonly string[];
  readonly seed: number;
  readonly runs: number;
  readonly threads: number;
  readonly out: string;
  readonly input: string | undefined;
}

function whatIsAsked(context: CommandContext): Asked {
  const format = context.text('format');
  if (format !== undefined && !FORMATS.includes(format)) {
    throw new UsageError(`no format "${format}"; there are: ${FORMATS.join(', ')}`);
  }
  const input = context.text('input');
  if (input !== undefined && format === undefined) {
    throw new UsageError(`--input: say of what format it is, with --format: ${FORMATS.join(', ')}`);
  }
  const made = ['runs', 'seed', 'jobs'].find((name) => context.text(name) !== undefined);
  if (input !== undefined && made !== undefined) {
    throw new UsageError(`--input is one input alone: leave it or --${made} away`);
  }
  return {
    formats: format === undefined ? FORMATS : [format],
    seed: context.integer('seed', 0, MAX_SEED) ?? 1,
    runs: context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS,
    threads: context.integer('jobs', 1, MAX_JOBS) ?? 1,
    out: context.text('out') ?? DEFAULT_OUT,
    input,
  };
}

async function run(context: CommandContext): Promise<number> {
  const asked = whatIsAsked(context);
  const only = asked.input === undefined ? undefined : readInput(asked.input);
  const folder = mkdtempSync(join(tmpdir(), 'foldbook-fuzz-'));
  try {
    let failures = 0;
    for (const format of asked.formats) {
      if (!(await fuzzFormat(context, { ...asked, format, only, folder }))) failures += 1;
    }
    return failures === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`--input ${path}: ${fileTrouble(error)}`);
  }
}

interface AskedFormat extends Asked {
  readonly format: string;
  readonly only: Uint8Array | undefined;
  readonly folder: string;
}

async function fuzzFormat({ output, signal }: CommandContext, asked: AskedFormat) {
  const { format, seed, threads, only, folder } = asked;
  const startMs = performance.now();
  // What is missing for it is told here, not by a thread.
  await openFormat(format, folder);
  const runs = only === undefined ? readCorpus(format).length + asked.runs : 1;
  const onRuns = (played: number) => output.progress(`${format} inputs`, played, runs);
  const result = await fuzz({ format, seed, threads, only, folder, signal, runs, onRuns });
  output.endProgress();
  if (signal.aborted) throw new InterruptedError('interrupted');
  const ms = Math.round(performance.now() - startMs);
  const { failure, ...counts } = result;
  const figures = { ok: failure === undefined, format, seed, ...counts, ms };
  if (failure === undefined) output.result(figures, wordsOf(format, result, ms));
  else tellFailure({ output }, asked, figures, failure);
  return failure === undefined;
}

function wordsOf(format: string, { runs, bytes, outcomes }: FuzzResult, ms: number): string {
  const counted = Object.entries(outcomes).map(([what, count]) => `${grouped(count)} ${what}`);
  const head = `${grouped(runs)} inputs, ${grouped(bytes)} bytes (${duration(ms)})`;
  return `${format.padEnd(20)}${head}\n${' '.repeat(20)}${counted.join(', ')}`;
}

function tellFailure(
  { output }: Pick<CommandContext, 'output'>,
  { format, out, seed, input }: AskedFormat,
  figures: Record<string, unknown>,
  { kind, message, run, bytes, madeBytes }: FailedInput,
): void {
  const path = input ?? writeFailed(out, format, seed, run, bytes);
  const command = `foldbook check fuzz --input ${path} --format ${format}`;
  const error = message.slice(0, SHOWN_CHARACTERS);
  const size = madeBytes === undefined ? '' : ` of ${grouped(madeBytes)}`;
  const words = [
    `${format.padEnd(20)}FAILED: ${kind}`,
    error,
    `input ${run} of seed ${seed}: ${grouped(bytes.length)} bytes${size}, in ${path}`,
    `to see it again: ${command}`,
    `once it is mended, keep it in ${corpusFolder(format)}`,
  ];
  output.result({ ...figures, kind, error, run, input: path, command }, words.join('\n'));
}

function writeFailed(out: string, format: string, seed: number, run: number, bytes: Uint8Array) {
  mkdirSync(out, { recursive: true });
  const path = join(out, `${format}-${seed}-${run}`);
  writeFileSync(path, bytes);
  return path;
}
