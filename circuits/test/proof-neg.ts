/**
 * Every attack on the circuits, against their .r1cs: a line of JSON for each group of attacks, and
 * for progress. `foldbook check proof-neg` runs this and adds the attacks on the verifier.
 *
 *     node circuits/test/proof-neg.ts [--quick] [--seed S] [CIRCUIT...]
 */
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { buildCircuits } from '../build.ts';
import { reduce } from '../builder/field.ts';
import { type CircuitName, circuitNames, defaultCircuits } from '../src/index.ts';
import { accountAttacks } from './account-attacks.ts';
import { type Attack, failureOf, type WitnessMaker } from './attack.ts';
import { batchAttacks, honestBatch } from './batch-attacks.ts';
import { analyzeDeterminism } from './determinism.ts';
import { sampleAccounts } from './samples.ts';
import { SecondWitness } from './second-witness.ts';
import { Circuit } from './tape.ts';
import { accountsWitness, batchWitness } from './traces.ts';

/** How much of what is tried; 1 of n. */
interface Strides {
  readonly bits: number;
  readonly alone: number;
  readonly pairs: number;
}

const strides: Readonly<Record<CircuitName, Strides>> = {
  'batch-15': { bits: 1, alone: 1, pairs: 1 },
  'batch-240': { bits: 10, alone: 3, pairs: 101 },
  'accounts-4': { bits: 5, alone: 1, pairs: 31 },
  // Its wires are those of accounts-4 four times; the determinism analysis covers them all.
  'accounts-16': { bits: 10, alone: 101, pairs: 1009 },
};
const quickStrides: Strides = { bits: 25, alone: 37, pairs: 307 };

interface Group {
  readonly circuit: CircuitName;
  readonly group: string;
  readonly tried: number;
  readonly refused: number;
  /** What was accepted, a few of them. */
  readonly failures: readonly string[];
}

function write(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function progress(label: string, done: number, total: number): void {
  write({ progress: label, done, total });
}

function attackGroups(
  circuit: Circuit,
  make: WitnessMaker,
  attacks: readonly Attack[],
  every: number,
): void {
  const chosen = attacks.filter(({ group }, i) => group !== bitGroup || i % every === 0);
  const failures = new Map<string, string[]>(chosen.map(({ group }) => [group, []]));
  chosen.forEach((attack, index) => {
    progress(`${circuit.name}: false witnesses`, index, chosen.length);
    // How many constraints stop it hangs on what the compiler substituted: a matter of the tests.
    const failure = failureOf(circuit, make, { ...attack, alone: false });
    if (failure !== undefined) failures.get(attack.group)?.push(failure);
  });
  for (const [group, failed] of failures) {
    const tried = chosen.filter((attack) => attack.group === group).length;
    report({
      circuit: circuit.name,
      group,
      tried,
      refused: tried - failed.length,
      failures: failed,
    });
  }
}

const bitGroup = 'bits with another value';

function report(group: Group): void {
  write({ ...group, failures: group.failures.slice(0, 5) });
}

/** What the inputs do not determine, but for hints that have no effect. */
function determinismGroup(circuit: Circuit): ReadonlySet<number> {
  progress(`${circuit.name}: determinism`, 0, 1);
  const { hints, undetermined } = analyzeDeterminism(circuit.system);
  const named = hints.filter((wire) => !isKnownHint(circuit.nameOf(wire)));
  const open = [...undetermined, ...named];
  const { wireCount, publicCount, outputCount, privateInputCount } = circuit.system;
  const tried = wireCount - 1 - (publicCount - outputCount) - privateInputCount;
  report({
    circuit: circuit.name,
    group: 'wires that inputs do not determine',
    tried,
    refused: tried - open.length,
    failures: open.map((wire) => `${circuit.name}: ${circuit.nameOf(wire)} may take two values`),
  });
  return new Set(hints);
}

/** STATEMENT.md, section 11, gives the reason for each. */
export function isKnownHint(name: string): boolean {
  return /\.(aIsUser|bIsUser|tradeIsReal)\.inverse$|\.isSupply\.inv$/.test(name);
}

function searchGroups(
  circuit: Circuit,
  witness: readonly bigint[],
  hints: ReadonlySet<number>,
  { alone, pairs }: Strides,
  seed: number,
): void {
  const search = new SecondWitness(circuit.system, witness);
  let drawn = 0;
  const random = (): bigint => {
    const hash = createHash('sha512').update(`proof-neg ${seed} ${drawn++}`).digest('hex');
    return reduce(BigInt(`0x${hash}`));
  };
  for (const [group, stride, run] of [
    ['one wire changed', alone, search.alone.bind(search)],
    ['two wires changed', pairs, search.pairs.bind(search)],
  ] as const) {
    const label = `${circuit.name}: ${group}`;
    const { tried, refused, free } = run({
      stride,
      except: hints,
      random,
      onProgress: (done, total) => {
        if (done % 1000 < stride) progress(label, done, total);
      },
    });
    const failures = free.map((wire) => `${circuit.name}: ${circuit.nameOf(wire)} is free`);
    report({ circuit: circuit.name, group, tried, refused, failures });
  }
}

function attackCircuit(name: CircuitName, chosen: Strides, seed: number): void {
  const circuit = new Circuit(name);
  const size = Number(name.split('-')[1]);
  const isBatch = name.startsWith('batch');
  const make: WitnessMaker = (input, tampered) =>
    (isBatch ? batchWitness : accountsWitness)(circuit, size, input, tampered);
  const { input } = isBatch ? honestBatch(size) : sampleAccounts(3, size).instance;
  const witness = make(input, new Map());
  if (circuit.objections(witness).length > 0) throw new Error(`${name}: no honest witness`);
  const hints = determinismGroup(circuit);
  attackGroups(circuit, make, isBatch ? batchAttacks(size) : accountAttacks(size), chosen.bits);
  searchGroups(circuit, witness, hints, chosen, seed);
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, seed: { type: 'string' } },
  });
  const all = values.quick === true ? defaultCircuits : circuitNames;
  const names = positionals.length === 0 ? all : all.filter((name) => positionals.includes(name));
  await buildCircuits((step) => progress(step, 0, 1), names);
  for (const name of names) {
    const chosen = values.quick === true ? quickStrides : strides[name];
    attackCircuit(name, chosen, Number(values.seed ?? 1));
  }
}

if (import.meta.main) await main(process.argv.slice(2));
