/** The kernel's generated code against evaluate.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as base from '../field/base.ts';
import { type Extension, equals, fromBase, ZERO } from '../field/extension.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { type Challenges, lookupsOf } from '../testing/air-check.ts';
import {
  randomExtension,
  randomWords,
  sampleAccounts,
  sampleRecords,
} from '../testing/sample-part.ts';
import { traceSettlement } from '../trace/settlement-trace.ts';
import { Evaluator, type FixedValues } from './evaluate.ts';
import { Parameters } from './parameters.ts';
import { constraintsPlan, lookupsPlan } from './plan.ts';
import type { Table } from './table.ts';
import { TABLES } from './tables.ts';

const MONTGOMERY_ONE = 2 ** 32 % base.PRIME;
const module = await readKernelModule();

const enterWord = (value: number): number => base.mul(value, MONTGOMERY_ONE);
const FROM_MONTGOMERY = base.inverse(MONTGOMERY_ONE);
const leaveWord = (value: number): number => base.mul(value, FROM_MONTGOMERY);

/** Columns in a kernel's memory and the array of their addresses. */
class Fixture {
  readonly kernel = new Kernel(module);
  readonly addresses: number[] = [];
  readonly n: number;

  constructor(n: number) {
    this.n = n;
  }

  put(words: ArrayLike<number>): number {
    const address = this.take(words.length);
    this.kernel.arena.words(address, words.length).set(Array.from(words, enterWord));
    return address;
  }

  take(words: number): number {
    return this.kernel.arena.take(4 * words);
  }

  column(words: ArrayLike<number>): void {
    this.addresses.push(this.put(words));
  }

  /** The array of all columns' addresses. */
  columns(): number {
    const address = this.take(this.addresses.length);
    this.kernel.arena.words(address, this.addresses.length).set(this.addresses);
    return address;
  }

  block(words: Uint32Array): number {
    const address = this.take(words.length);
    this.kernel.arena.words(address, words.length).set(words);
    return address;
  }

  /** Row by row, of an extension column. */
  read(address: number): Extension[] {
    const words = this.kernel.arena.words(address, 5 * this.n);
    return Array.from({ length: this.n }, (_, row) => {
      const at = (index: number): number => leaveWord(words[index * this.n + row] ?? 0);
      return [at(0), at(1), at(2), at(3), at(4)];
    });
  }
}

const suffixOf = { records: 'Records', after: 'After', before: 'Before' } as const;

for (const table of TABLES) {
  test(`${table.name}: the sum of all constraints on random cells`, () => {
    const n = 64;
    const random = randomWords(table.columns.length);
    const column = (): number[] => Array.from({ length: n }, () => random() % base.PRIME);
    const [first, last, x] = [column(), column(), column()];
    const cells = table.columns.map(column);
    const sums = table.sums.map(() => Array.from({ length: n }, () => randomExtension(random)));
    const lastPoint = random() % base.PRIME;
    const values: FixedValues = {
      publics: { height: random() % base.PRIME, count: random() % base.PRIME },
      challenges: randomChallenges(random),
      weights: table.constraints.map(() => randomExtension(random)),
    };
    const fixture = new Fixture(n);
    for (const words of [first, last, x, ...cells]) fixture.column(words);
    for (const sum of sums) {
      for (const index of [0, 1, 2, 3, 4]) fixture.column(sum.map((value) => value[index] ?? 0));
    }
    const block = new Parameters(constraintsPlan(table).fixed).words(values, lastPoint);
    const [columns, parameters, target] = [
      fixture.columns(),
      fixture.block(block),
      fixture.take(5 * n),
    ];
    const { exports } = fixture.kernel;
    exports[`constraints${suffixOf[table.name]}`](columns, parameters, target, n);

    const evaluator = new Evaluator([weightedConstraints(table)]);
    const at = (row: number) => (words: readonly number[]) => fromBase(words[row % n] ?? 0);
    fixture.read(target).forEach((value, row) => {
      const difference = ((x[row] ?? 0) - lastPoint + base.PRIME) % base.PRIME;
      const [expected = ZERO] = evaluator.at(values, {
        columns: cells.map(at(row)),
        nextColumns: cells.map(at(row + 1)),
        sums: sums.map((sum) => sum[row] ?? ZERO),
        nextSums: sums.map((sum) => sum[(row + 1) % n] ?? ZERO),
        selectors: { first: at(row)(first), last: at(row)(last), trans: fromBase(difference) },
      });
      assert.deepEqual([...value], [...expected], `row ${row}`);
    });
  });
}

function randomChallenges(random: () => number): FixedValues['challenges'] {
  const next = (): Extension => randomExtension(random);
  return { z: next(), x: next(), y: next(), u: next(), v: next(), share: next() };
}

function weightedConstraints({ constraints }: Table) {
  return constraints
    .map(({ expression }, index) => expression.graph.weight(index).times(expression))
    .reduce((sum, term) => sum.plus(term));
}

test('columns of lookups and their sums are those of the traces', () => {
  const records = sampleRecords();
  const traces = traceSettlement(records, sampleAccounts());
  const challenges: Challenges = randomChallenges(randomWords(7));
  for (const trace of [traces.records, traces.after, traces.before]) {
    const { table, height } = trace;
    const fixture = new Fixture(height);
    const { exports, arena } = fixture.kernel;
    const unused = fixture.take(1);
    fixture.addresses.push(unused, unused, unused);
    table.columns.forEach((_, index) => {
      fixture.column(trace.column(index));
    });
    const ranges = fixture.take(8 * 4096);
    const scratch = fixture.take(16 * Math.max(height, 4096));
    exports.rangeInverses(fixture.put(challenges.z), ranges, scratch);
    const values = {
      publics: { height, count: records.length },
      challenges: { ...challenges, share: ZERO },
    };
    const block = new Parameters(lookupsPlan(table).fixed).words(values, 0);
    const [columns, parameters] = [fixture.columns(), fixture.block(block)];
    const [target, total] = [fixture.take(5 * table.sums.length * height), fixture.take(5)];
    exports[`lookups${suffixOf[table.name]}`](columns, parameters, ranges, target, height, scratch);
    const inverseHeight = enterWord(base.inverse(height));
    exports.sumUp(target, table.sums.length - 1, height, inverseHeight, total);

    const expected = lookupsOf(trace, records.length, challenges);
    assert.deepEqual(Array.from(arena.words(total, 5), leaveWord), [...expected.sum]);
    expected.columns.forEach((column, index) => {
      const read = fixture.read(target + 20 * index * height);
      const wrong = read.findIndex((value, row) => !equals(value, column[row] ?? ZERO));
      assert.equal(wrong, -1, `${table.name} ${table.sums[index]}`);
    });
  }
});
