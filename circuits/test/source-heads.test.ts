/** What the sources say of themselves is true. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseR1cs } from '../builder/r1cs.ts';
import { proverDomain } from '../builder/zkey.ts';
import { circuitArtifacts, circuitNames, defaultCircuits, pinnedDigests } from '../src/index.ts';

const root = path.join(import.meta.dirname, '..');
const read = (name: string): string => fs.readFileSync(path.join(root, name), 'utf8');
const grouped = (count: number): string => count.toLocaleString('en-US');

test('constraint counts in sources and statement are true and follow the formulas', () => {
  const pinned = pinnedDigests();
  for (const name of circuitNames) {
    const { constraints } = pinned[name];
    const source = read(`src/${name}.circom`);
    assert(source.includes(`${grouped(constraints)} constraints`), `${name}.circom`);
    assert(read('STATEMENT.md').includes(`| ${name} | ${grouped(constraints)} |`), name);
    const rows = Number(name.split('-')[1]);
    const words = 15 * Math.ceil(rows / 15);
    // Of the large circuits the build compares the .r1cs with the pinned count.
    const formula = name.startsWith('batch')
      ? 217 * rows + (609 * words) / 15 + 2 * rows - 3 - 1
      : 7_980 * rows + (609 * words) / 15 - 3 * (words - rows) + 2 * rows - 3 - 3;
    assert.equal(constraints, formula, name);
  }
  for (const name of defaultCircuits) {
    const system = parseR1cs(fs.readFileSync(circuitArtifacts(name).r1cs));
    assert.equal(system.constraintCount, pinned[name].constraints, name);
    const { bits } = proverDomain(system);
    assert(
      read('STATEMENT.md').includes(`| ${name} | ${grouped(system.constraintCount)} | 2^${bits}`),
    );
  }
});
