/**
 * Attacks: whole witnesses by a prover who changes records, slots or hints and lets everything
 * after them, the public signals included, follow.
 */
import assert from 'node:assert/strict';
import type { Circuit } from './tape.ts';
import type { Input, Tampered } from './traces.ts';

export interface Attack {
  readonly name: string;
  /** Whether exactly one constraint objects: then that one alone stops the attack. */
  readonly alone: boolean;
  readonly input: Input;
  readonly tampered: Tampered;
}

/** An attack that exactly one constraint stops. */
export function sole(
  name: string,
  input: Input,
  tampered: Readonly<Record<string, bigint>> = {},
): Attack {
  return { name, alone: true, input, tampered: new Map(Object.entries(tampered)) };
}

/** An attack that at least one constraint stops. */
export function several(
  name: string,
  input: Input,
  tampered: Readonly<Record<string, bigint>> = {},
): Attack {
  return { name, alone: false, input, tampered: new Map(Object.entries(tampered)) };
}

export type WitnessMaker = (input: Input, tampered: Tampered) => bigint[];

/** Tries every attack; all must be refused. Returns how many were, for the report. */
export function refuseAll(
  circuit: Circuit,
  makeWitness: WitnessMaker,
  attacks: readonly Attack[],
): string {
  let refused = 0;
  for (const { name, alone, input, tampered } of attacks) {
    const found = circuit.objections(makeWitness(input, tampered));
    const text = found.map((constraint) => `\n  ${circuit.describe(constraint)}`).join('');
    assert(found.length > 0, `${circuit.name}: "${name}" satisfies every constraint`);
    if (alone) assert.equal(found.length, 1, `${circuit.name}: "${name}" meets also${text}`);
    refused += 1;
  }
  const single = attacks.filter(({ alone }) => alone).length;
  return (
    `${circuit.name}: ${refused} of ${attacks.length} mutated witnesses refused, ` +
    `${single} of them by one constraint alone`
  );
}
