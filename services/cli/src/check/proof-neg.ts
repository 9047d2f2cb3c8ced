/** `check proof-neg`: false witnesses and forged stores, every one of which must be refused. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Dice } from '@foldbook/engine';
import { InterruptedError, ServiceError, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { duration, grouped, type Output, table } from '../output.ts';
import { failureOf } from './forged-store.ts';
import { forgeries } from './proof-forgeries.ts';

/** A process of its own: the circuits are GPL-3.0, this command is not. */
const CIRCUIT_ATTACKS = fileURLToPath(
  new URL('../../../../circuits/test/proof-neg.ts', import.meta.url),
);
const CIRCUITS = ['batch-15', 'batch-240', 'accounts-4', 'accounts-16'];
const LONGEST_FIRST = ['accounts-16', 'accounts-4', 'batch-15', 'batch-240'];
const DEFAULT_CIRCUITS = ['batch-15', 'accounts-4'];
const MAX_JOBS = 64;
const DEFAULT_FLIPS = 100;
const QUICK_FLIPS = 10;
const MAX_FLIPS = 1_000_000;
const MAX_SEED = 2 ** 32 - 1;
const SHOWN_FAILURES = 10;

interface Group {
  /** A circuit, or "verifier". */
  readonly of: string;
  readonly group: string;
  readonly tried: number;
  readonly refused: number;
  readonly failures: readonly string[];
}

export const proofNeg: CliCommand = {
  name: 'check proof-neg',
  summary: 'false witnesses against the circuits, forged stores against the verifier: all refused',
  help: `
Usage: foldbook check proof-neg [--quick] [--circuit NAME] [--runs N] [--seed S] [--jobs N]

Tries to prove what is not so, and counts the refusals:
- against each circuit's constraints: for every group of them whole witnesses with a falsehood in
  them; every wire changed alone, and with another that compensates; every bit with another value;
  other records under the same public signals; and an analysis of the constraint system that finds
  wires which the inputs do not determine.
- against the verifier, with proofs that hold for any statement: an epoch skipped, ranges that
  overlap, foreign keys, public signals cut off or out of range, headers and signatures forged, a
  challenge drawn early, records reordered, dropped, repeated or re-priced, bits flipped. Each has
  to be refused by the check that it is for.
Exit status 1 if anything was not refused. The large circuits are built first where they are not:
minutes, once. All then takes four minutes of one core, half of them for accounts-16.

  --quick           the circuits that set-up builds, and a part of the attacks
  --circuit NAME    one of ${CIRCUITS.join(', ')};
                    or "none": the verifier alone
  --runs N          bits of epochs to flip (default ${DEFAULT_FLIPS}; with --quick ${QUICK_FLIPS})
  --seed S          of flips and of random values (default 1)
  --jobs N          circuits at a time, each a process of 0.3 to 1.3 GB (default: half the cores)
  --json            {"ok","seed","tried","refused","groups":[{"of","group","tried","refused",
                    "failures"}],"ms","msOf":{"accounts-16",...}}

Example: foldbook check proof-neg --quick`,
  takes: [],
  options: {
    quick: { type: 'boolean' },
    circuit: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string' },
  },
  endsOnSignal: true,
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const quick = context.flag('quick');
  const flips = context.integer('runs', 0, MAX_FLIPS) ?? (quick ? QUICK_FLIPS : DEFAULT_FLIPS);
  const seed = context.integer('seed', 0, MAX_SEED) ?? 1;
  const circuit = context.text('circuit');
  if (circuit !== undefined && circuit !== 'none' && !CIRCUITS.includes(circuit)) {
    throw new UsageError(`--circuit ${circuit}: there are ${CIRCUITS.join(', ')} and none`);
  }
  const startMs = performance.now();
  const jobs = context.integer('jobs', 1, MAX_JOBS) ?? Math.ceil(availableParallelism() / 2);
  const args = ['--seed', `${seed}`, ...(quick ? ['--quick'] : [])];
  const waiting = circuit === undefined ? LONGEST_FIRST.filter(isAsked(quick)) : [circuit];
  const names = waiting.filter((name) => name !== 'none');
  const msOf: Record<string, number> = {};
  const found = new Map<string, readonly Group[]>();
  // Where one circuit's process fails, those of the others have nobody to tell.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const attack = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const fromMs = performance.now();
      found.set(name, await attackCircuits([...args, name], output, either));
      msOf[name] = Math.round(performance.now() - fromMs);
    }
  };
  await Promise.all(Array.from({ length: jobs }, attack)).finally(() => failed.abort());
  const fromMs = performance.now();
  const depth = { flips, stride: quick ? 40 : 4 };
  found.set('verifier', await attackVerifier(depth, seed, output, signal));
  msOf.verifier = Math.round(performance.now() - fromMs);
  output.endProgress();
  const groups = [...CIRCUITS, 'verifier'].flatMap((name) => found.get(name) ?? []);
  const sum = (of: 'tried' | 'refused') => groups.reduce((all, group) => all + group[of], 0);
  const [tried, refused] = [sum('tried'), sum('refused')];
  const failures = groups.flatMap((group) => group.failures);
  const ok = tried === refused && failures.length === 0;
  const ms = Math.round(performance.now() - startMs);
  const rows = groups.map(({ of, group, ...counts }) => [
    of,
    group,
    `${grouped(counts.refused)} of ${grouped(counts.tried)} refused`,
  ]);
  const words = [
    table(rows),
    ...failures.slice(0, SHOWN_FAILURES).map((failure) => `NOT REFUSED ${failure}`),
    `${grouped(refused)} of ${grouped(tried)} refused (${duration(ms)}; seed ${seed})`,
    `  ${timesOf(msOf)}`,
  ];
  output.result({ ok, seed, tried, refused, groups, ms, msOf }, words.join('\n'));
  return ok ? 0 : 1;
}

/** The large circuits are for whoever asks for all. */
const isAsked = (quick: boolean) => (name: string) => !quick || DEFAULT_CIRCUITS.includes(name);

const timesOf = (msOf: Readonly<Record<string, number>>) =>
  Object.entries(msOf)
    .map(([name, ms]) => `${name} ${duration(ms)}`)
    .join(', ');

async function attackVerifier(
  { flips, stride }: { readonly flips: number; readonly stride: number },
  seed: number,
  output: Output,
  signal: AbortSignal,
): Promise<Group[]> {
  const dice = new Dice(seed);
  const groups = new Map<string, { tried: number; refused: number; failures: string[] }>();
  const all = forgeries(flips, stride, (below) => dice.below(below));
  for (const [index, forgery] of all.entries()) {
    if (signal.aborted) throw new InterruptedError('interrupted');
    const count = groups.get(forgery.group) ?? { tried: 0, refused: 0, failures: [] };
    groups.set(forgery.group, count);
    count.tried += 1;
    const failure = failureOf(forgery, await forgery.run());
    if (failure === undefined) count.refused += 1;
    else count.failures.push(failure);
    output.progress('verifier: forged stores', index, all.length);
  }
  return [...groups].map(([group, count]) => ({ of: 'verifier', group, ...count }));
}

/** @throws ServiceError when the other process ends before its work does */
async function attackCircuits(
  args: readonly string[],
  output: Output,
  signal: AbortSignal,
): Promise<Group[]> {
  const groups: Group[] = [];
  const child = spawn(process.execPath, [CIRCUIT_ATTACKS, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (): void => void child.kill();
  signal.addEventListener('abort', stop);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said: unknown = JSON.parse(line);
      if (isProgress(said)) output.progress(said.progress, said.done, said.total);
      else if (isGroup(said)) groups.push(groupOf(said));
    }
    const status = await ended;
    if (signal.aborted) throw new InterruptedError('interrupted');
    if (status !== 0) throw new ServiceError(`the attacks on the circuits ended with ${status}`);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
  return groups;
}

interface CircuitGroup extends Omit<Group, 'of'> {
  readonly circuit: string;
}

function groupOf({ circuit, ...group }: CircuitGroup): Group {
  return { of: circuit, ...group };
}

function isGroup(said: unknown): said is CircuitGroup {
  return typeof said === 'object' && said !== null && 'circuit' in said && 'group' in said;
}

function isProgress(said: unknown): said is { progress: string; done: number; total: number } {
  return typeof said === 'object' && said !== null && 'progress' in said;
}
