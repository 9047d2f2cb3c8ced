import { test } from 'node:test';
import { refuseAll, type WitnessMaker } from './attack.ts';
import { batchAttacks } from './batch-attacks.ts';
import { batchSize } from './samples.ts';
import { Circuit } from './tape.ts';
import { batchWitness } from './traces.ts';

test('the batch circuit refuses every attack', (t) => {
  const circuit = new Circuit('batch-15');
  const make: WitnessMaker = (input, tampered) => batchWitness(circuit, batchSize, input, tampered);
  t.diagnostic(refuseAll(circuit, make, batchAttacks(batchSize)));
});
