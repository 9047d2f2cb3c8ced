/**
 * Every attack on parts' proofs, against both verifiers: a line of JSON for each group of attacks,
 * and for progress. `foldbook check proof-neg --backend stark` runs this, in several processes.
 *
 *     node shared/stark/src/testing/attacks/main.ts [--seed S] [--runs N] [--quick] [--all]
 *         [--share K/N]
 */
import { parseArgs } from 'node:util';
import { Kernel } from '../../kernel/kernel.ts';
import { readKernelModule } from '../../kernel/module-node.ts';
import { randomWords } from '../sample-part.ts';
import { type Attack, failureOf, verdictsOn } from './attack.ts';
import { byteAttacks } from './byte-attacks.ts';
import { Forger, proverAttacks } from './prover-attacks.ts';

/** Bytes of each class. */
const DEFAULT_SAMPLES = 5;
const PROGRESS_EVERY = 10;
const SHOWN_FAILURES = 10;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    share: { type: 'string', default: '1/1' },
  },
});

const write = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
/** Seeds that follow each other begin alike: some words are passed over. */
const random = randomWords((Number(values.seed) + 1) * 0x9e37_79b1);
for (let word = 0; word < 16; word++) random();
const below = (limit: number): number => Math.floor((random() / 2 ** 32) * limit);
const samples = values.all ? undefined : Number(values.runs ?? DEFAULT_SAMPLES);
const [share = 1, shares = 1] = values.share.split('/').map(Number);

const forger = new Forger(new Kernel(await readKernelModule()));
const [honest, other] = [forger.honest(), forger.other()];
for (const part of [honest, other]) {
  const { code, secondRefuses } = verdictsOn(part);
  if (code !== undefined) throw new Error(`assertion failed: an honest proof is refused: ${code}`);
  if (secondRefuses) throw new Error('assertion failed: the second verifier refuses an honest one');
}
const everything = [
  ...byteAttacks(honest, other, { samples, below }),
  ...proverAttacks(forger, { cells: samples ?? DEFAULT_SAMPLES, below }),
];
const attacks = values.quick ? oneOfEach(everything) : everything;

/** Of each group one. */
function oneOfEach(all: readonly Attack[]): Attack[] {
  const byGroup = Map.groupBy(all, ({ group }) => group);
  return [...byGroup.values()].flatMap((group) => group[below(group.length)] ?? []);
}

const groups = new Map<string, { tried: number; refused: number; failures: string[] }>();
for (const [index, attack] of attacks.entries()) {
  const count = groups.get(attack.group) ?? { tried: 0, refused: 0, failures: [] };
  groups.set(attack.group, count);
  if (index % shares !== share - 1) continue;
  count.tried += 1;
  const failure = failureOf(attack);
  if (failure === undefined) count.refused += 1;
  else if (count.failures.length < SHOWN_FAILURES) count.failures.push(failure);
  // Of its own share: whose indices may be no multiples of it.
  if (Math.floor(index / shares) % PROGRESS_EVERY === 0) {
    write({ progress: 'proofs of what is not so', done: index, total: attacks.length });
  }
}
for (const [group, count] of groups) write({ group, ...count });
