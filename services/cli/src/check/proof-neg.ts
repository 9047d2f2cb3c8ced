/** `check proof-neg`: false witnesses and forged stores, every one of which must be refused. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Dice } from '@foldbook/engine';
import { InterruptedError, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import type { Output } from '../output.ts';
import { type Group, runAttacks, tellGroups } from './attack-process.ts';
import { failureOf } from './forged-store.ts';
import { forgeries } from './proof-forgeries.ts';
import { attackStark } from './proof-neg-stark.ts';

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
const BACK_ENDS = ['groth16', 'stark'];

export const proofNeg: CliCommand = {
  name: 'check proof-neg',
  summary: 'false witnesses, false proofs and forged stores, every one refused',
  help: `
Usage: foldbook check proof-neg [--quick] [--circuit NAME] [--runs N] [--seed S] [--jobs N]
       foldbook check proof-neg --backend stark [--quick] [--all] [--runs N] [--seed S] [--jobs N]

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

With --backend stark, against both verifiers of the STARK, that of every day and the one of its
tests, which share no code; each attempt has to be refused by both, and for its own reason:
- bytes of each class of statement and proof changed, cut off and added, elements that are not below
  p, queries in another order or played again, another statement's proof or a section of it;
- provers that cheat: a cell of each column changed; for each constraint of SPEC section 8 traces
  that are false and otherwise fit together, with sums that add up where those would tell; values,
  sums and statements that are others; functions far from low degree; work not done; parameters of
  too few bits.

  --quick           the circuits that set-up builds, and a part of the attacks; of stark one of
                    each kind
  --backend NAME    groth16 (default): circuits and stores; or stark
  --all             of stark: every byte, which takes a core some five hours
  --circuit NAME    one of ${CIRCUITS.join(', ')};
                    or "none": the verifier alone
  --runs N          bits of epochs to flip (default ${DEFAULT_FLIPS}; with --quick ${QUICK_FLIPS});
                    of stark bytes of each class and cells of each column (default 5)
  --seed S          of flips and of random values (default 1)
  --jobs N          circuits at a time, each a process of 0.3 to 1.3 GB, or processes that share
                    the attacks on stark (default: half the cores)
  --json            {"ok","seed","tried","refused","groups":[{"of","group","tried","refused",
                    "failures"}],"ms","msOf":{"accounts-16",...}}

Example: foldbook check proof-neg --quick
         foldbook check proof-neg --backend stark --jobs 2`,
  takes: [],
  options: {
    quick: { type: 'boolean' },
    backend: { type: 'string' },
    all: { type: 'boolean' },
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
  const backEnd = context.text('backend') ?? 'groth16';
  if (!BACK_ENDS.includes(backEnd)) {
    throw new UsageError(`--backend ${backEnd}: there are ${BACK_ENDS.join(' and ')}`);
  }
  const isStark = backEnd === 'stark';
  if (context.flag('all') && !isStark) throw new UsageError('--all is for --backend stark');
  const quick = context.flag('quick');
  const seed = context.integer('seed', 0, MAX_SEED) ?? 1;
  const startMs = performance.now();
  const jobs = context.integer('jobs', 1, MAX_JOBS) ?? Math.ceil(availableParallelism() / 2);
  const found = new Map<string, readonly Group[]>();
  const msOf: Record<string, number> = {};
  if (isStark) {
    if (context.text('circuit') !== undefined) {
      throw new UsageError('--circuit is for the other back end: the STARK has none');
    }
    const runs = context.integer('runs', 1, MAX_FLIPS);
    const all = context.flag('all');
    found.set(backEnd, await attackStark({ seed, quick, all, runs, jobs }, output, signal));
    msOf[backEnd] = Math.round(performance.now() - startMs);
  } else {
    const flips = context.integer('runs', 0, MAX_FLIPS) ?? (quick ? QUICK_FLIPS : DEFAULT_FLIPS);
    await attackCircuits(circuitNames(context, quick), { quick, seed, jobs }, context, found, msOf);
    const fromMs = performance.now();
    const depth = { flips, stride: quick ? 40 : 4 };
    found.set('verifier', await attackVerifier(depth, seed, output, signal));
    msOf.verifier = Math.round(performance.now() - fromMs);
  }
  output.endProgress();
  const groups = [...CIRCUITS, 'verifier', 'stark'].flatMap((name) => found.get(name) ?? []);
  return tellGroups(output, groups, seed, Math.round(performance.now() - startMs), msOf);
}

function circuitNames(context: CommandContext, quick: boolean): string[] {
  const circuit = context.text('circuit');
  if (circuit !== undefined && circuit !== 'none' && !CIRCUITS.includes(circuit)) {
    throw new UsageError(`--circuit ${circuit}: there are ${CIRCUITS.join(', ')} and none`);
  }
  const names = circuit === undefined ? LONGEST_FIRST.filter(isAsked(quick)) : [circuit];
  return names.filter((name) => name !== 'none');
}

/** So many circuits at a time; `found` and `msOf` are told what came of each. */
async function attackCircuits(
  waiting: string[],
  { quick, seed, jobs }: { readonly quick: boolean; readonly seed: number; readonly jobs: number },
  { output, signal }: CommandContext,
  found: Map<string, readonly Group[]>,
  msOf: Record<string, number>,
): Promise<void> {
  const args = ['--seed', `${seed}`, ...(quick ? ['--quick'] : [])];
  // Where one circuit's process fails, those of the others have nobody to tell.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const attack = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const fromMs = performance.now();
      found.set(name, await runAttacks(CIRCUIT_ATTACKS, [...args, name], name, output, either));
      msOf[name] = Math.round(performance.now() - fromMs);
    }
  };
  await Promise.all(Array.from({ length: jobs }, attack)).finally(() => failed.abort());
}

/** The large circuits are for whoever asks for all. */
const isAsked = (quick: boolean) => (name: string) => !quick || DEFAULT_CIRCUITS.includes(name);

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
