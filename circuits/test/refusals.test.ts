/**
 * Attacks. Each is a whole witness by a prover who changes records, slots or hints and lets
 * everything after them, the public signals included, follow. Every one must meet an objection;
 * `objections` is how many constraints object, mostly one: then that one alone stops the attack.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { at, inverse } from '../builder/field.ts';
import { kinds, paddingRow, type Row, Tree, type Values } from './model.ts';
import { accountsSize, batchSize, sampleAccounts, sampleBatch, sampleRows } from './samples.ts';
import { Circuit } from './tape.ts';
import { accountsWitness, batchWitness, type Input } from './traces.ts';

interface Attack {
  readonly name: string;
  readonly input: Input;
  readonly tampered?: Readonly<Record<string, bigint>>;
  readonly objections: number;
}

let refused = 0;
let tried = 0;
after(() => {
  console.log(`refused ${refused} of ${tried} mutated witnesses`);
});

function expectRefusal(circuit: Circuit, attack: Attack, witness: readonly bigint[]): void {
  tried += 1;
  const objections = circuit.objections(witness);
  if (objections.length > 0) refused += 1;
  const text = objections.map((c) => `  ${circuit.describe(c)}`).join('\n');
  assert.equal(objections.length, attack.objections, `${attack.name}: objections\n${text}`);
}

const fieldNames = ['kind', 'a', 'b', 'price', 'dBase', 'dQuote'] as const;

/** The sample batch with some rows changed and, where given, another count. */
function withRows(changes: Readonly<Record<number, Partial<Row>>>, count?: bigint): Input {
  const rows = Array.from({ length: batchSize }, (_, j) => ({
    ...(sampleRows[j] ?? paddingRow),
    ...changes[j],
  }));
  const columns = fieldNames.map((name): [string, Values] => [name, rows.map((row) => row[name])]);
  const input = { ...sampleBatch.input, ...Object.fromEntries(columns) };
  return count === undefined ? input : { ...input, count };
}

// Rows of the sample: 0 base deposit, 1 quote deposit, 2 trade, 3 fee, 4 rebate, 5 base
// withdrawal, 6 quote withdrawal, 7 trade; 8 and up padding.
const honest = withRows({});
const row2 = 'main.rows[2]';
const trade = at(sampleRows, 2);

const batchAttacks: readonly Attack[] = [
  // Count and padding.
  { name: 'count one too high', input: withRows({}, 9n), tampered: { 'main.prefix.active[8]': 0n }, objections: 1 },
  { name: 'count one too low', input: withRows({}, 7n), tampered: { 'main.prefix.active[7]': 1n }, objections: 1 },
  { name: 'an active row of padding', input: withRows({}, 9n), objections: 1 },
  { name: 'a record after the count', input: withRows({ 9: trade }), objections: 1 },
  { name: 'count zero', input: withRows({ 0: paddingRow }, 0n), tampered: {}, objections: 1 },
  { name: 'a gap in the active rows', input: withRows({ 3: paddingRow }), tampered: {}, objections: 1 },
  { name: 'active twice', input: withRows({}), tampered: {}, objections: 1 },
];
void row2; void honest; void batchAttacks; void kinds; void inverse; void Tree; void accountsSize; void sampleAccounts; void accountsWitness; void batchWitness; void expectRefusal; void test;
