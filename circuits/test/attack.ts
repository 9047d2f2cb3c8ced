/**
 * Attacks: whole witnesses by a prover who changes records, slots or hints and lets everything
 * after them, the public signals included, follow.
 */
import assert from 'node:assert/strict';
import type { Circuit } from './tape.ts';
import type { Input, Tampered } from './traces.ts';

export interface Attack {
  /** The group of constraints that is attacked. */
  readonly group: string;
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
  return { group: '', name, alone: true, input, tampered: new Map(Object.entries(tampered)) };
}

/** An attack that at least one constraint stops. */
export function several(
  name: string,
  input: Input,
  tampered: Readonly<Record<string, bigint>> = {},
): Attack {
  return { group: '', name, alone: false, input, tampered: new Map(Object.entries(tampered)) };
}

export type WitnessMaker = (input: Input, tampered: Tampered) => bigint[];

/** The attacks of all groups, each with its group's name. */
export function inGroups(groups: Readonly<Record<string, readonly Attack[]>>): Attack[] {
  return Object.entries(groups).flatMap(([group, attacks]) =>
    attacks.map((attack) => ({ ...attack, group })),
  );
}

/** Why an attack was not refused as it should be; undefined when it was. */
export function failureOf(
  circuit: Circuit,
  makeWitness: WitnessMaker,
  { name, alone, input, tampered }: Attack,
): string | undefined {
  const satisfied = `${circuit.name}: "${name}" satisfies every constraint`;
  const witness = makeWitness(input, tampered);
  if (!alone) return circuit.refuses(witness) ? undefined : satisfied;
  const found = circuit.objections(witness);
  if (found.length === 0) return satisfied;
  if (found.length === 1) return undefined;
  const text = found.map((constraint) => `\n  ${circuit.describe(constraint)}`).join('');
  return `${circuit.name}: "${name}" meets also${text}`;
}

/** Tries every attack; all must be refused. Returns how many were, for the report. */
export function refuseAll(
  circuit: Circuit,
  makeWitness: WitnessMaker,
  attacks: readonly Attack[],
): string {
  for (const attack of attacks) {
    const failure = failureOf(circuit, makeWitness, attack);
    assert.equal(failure, undefined, failure);
  }
  const single = attacks.filter(({ alone }) => alone).length;
  return (
    `${circuit.name}: ${attacks.length} mutated witnesses refused, ` +
    `${single} of them by one constraint alone`
  );
}
