import { test } from 'node:test';
import { accountAttacks } from './account-attacks.ts';
import { refuseAll, type WitnessMaker } from './attack.ts';
import { accountsSize } from './samples.ts';
import { Circuit } from './tape.ts';
import { accountsWitness } from './traces.ts';

test('the account circuit refuses every attack', (t) => {
  const circuit = new Circuit('accounts-4');
  const make: WitnessMaker = (input, tampered) =>
    accountsWitness(circuit, accountsSize, input, tampered);
  // One of ten single bits: each costs a witness of 32,638 wires, and all run in `check proof-neg`.
  const attacks = accountAttacks(accountsSize).filter(
    ({ group }, index) => group !== 'bits with another value' || index % 10 === 0,
  );
  t.diagnostic(refuseAll(circuit, make, attacks));
});
