/** Provers that cheat: on a trace that is false, or in a step of the protocol. */
import { accountsAfterTable, accountsBeforeTable } from '../../air/accounts-table.ts';
import { recordsTable } from '../../air/records-table.ts';
import { TABLES } from '../../air/tables.ts';
import { PRIME } from '../../field/base.ts';
import { add, type Extension, ONE, power, sub, ZERO } from '../../field/extension.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { ProofParameters } from '../../parameters.ts';
import type { TableValues } from '../../proof/part-proof.ts';
import { openingCounts } from '../../proof/part-shape.ts';
import type { PartPlace } from '../../prove/part-run.ts';
import type { AccountCommitment } from '../../statement/account-commitment.ts';
import type { SettlementTrace } from '../../trace/settlement-trace.ts';
import type { RefusalCode } from '../../verify/verdict.ts';
import { type Cheats, proveWith } from '../cheating-run.ts';
import { type CellEdits, SAMPLE_COUNT as COUNT, SAMPLE_TRACE } from '../trace-cheats.ts';
import { ATTACKED_PARAMETERS, type Attack, type Forgery } from './attack.ts';
import { forgedTrace } from './forged-trace.ts';
import { traceAttacks } from './trace-attacks.ts';

export interface ProverOptions {
  /** Of each column, to change. */
  readonly cells: number;
  readonly below: (limit: number) => number;
}

const PLACE: PartPlace = {
  chainId: new Uint8Array(32).fill(9),
  market: 7,
  epoch: 3n,
  part: 1,
  recordFirst: 1_000n,
};

interface Claimed {
  readonly count?: number | undefined;
  readonly place?: PartPlace;
  readonly parameters?: ProofParameters;
}

/** Whoever has the kernel can prove anything; whether it is believed is another thing. */
export class Forger {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  honest(place: PartPlace = PLACE): Forgery {
    return this.prove(forgedTrace({}), {}, { place });
  }

  /** Of the same heights, with other records. */
  other(): Forgery {
    // A deposit that is larger: all is as it should be, but something else.
    return this.prove(forgedTrace({ records: (cells) => cells.add('u0', 0, -1) }));
  }

  prove(trace: SettlementTrace, cheats: Cheats = {}, claimed: Claimed = {}): Forgery {
    const { count = COUNT, place = PLACE, parameters = ATTACKED_PARAMETERS } = claimed;
    return proveWith(this.#kernel, { parameters, place, count }, trace, cheats);
  }
}

export function proverAttacks(forger: Forger, options: ProverOptions): Attack[] {
  return [
    ...traceAttacks(forger, options),
    ...sumAttacks(forger),
    ...lookupAttacks(forger),
    ...statementAttacks(forger),
    ...valueAttacks(forger, options),
    ...lowDegreeAttacks(forger),
    ...workAttacks(forger),
  ];
}

function sumAttacks(forger: Forger): Attack[] {
  const more: Extension = [1, 2, 3, 4, 5];
  const change = (index: number, sums: Extension[], by: Extension) => {
    sums[index] = add(sums[index] ?? ZERO, by);
  };
  const attack = (name: string, aim: RefusalCode, sums: (honest: Extension[]) => void): Attack => {
    const group = 'sums that still add up to 0';
    return { group, name, aims: [aim], forge: () => forger.prove(forgedTrace({}), { sums }) };
  };
  return [
    attack('not even that', 'SUMS', (sums) => change(1, sums, more)),
    ...[1, 2].map((other) =>
      attack(`of tables 0 and ${other}, by whoever proves`, 'CONSTRAINTS', (sums) => {
        change(0, sums, more);
        change(other, sums, sub(ZERO, more));
      }),
    ),
    attack('all are 0', 'CONSTRAINTS', (sums) => sums.fill(ZERO)),
  ];
}

/** A cell of each lookup column that makes up for a movement which no record makes. */
function lookupAttacks(forger: Forger): Attack[] {
  const moved = (cells: CellEdits) => {
    cells.add('db1', 3, 1);
    cells.add('B1', 3, 1);
  };
  return TABLES.flatMap(({ name: table, sums }) =>
    sums.map((name, index): Attack => {
      const column = index === sums.length - 1 ? 'S' : index;
      return {
        group: 'a cell of the lookups',
        name: `${name} of ${table}`,
        aims: ['CONSTRAINTS'],
        forge: () => forger.prove(forgedTrace({ after: moved }), { lookups: { table, column } }),
      };
    }),
  );
}

/** Statements that the tables do not bear out. */
function statementAttacks(forger: Forger): Attack[] {
  const group = "another statement's proof";
  const pinned = (commitment: AccountCommitment): AccountCommitment => {
    const values = commitment.pinned.map((value, index) => (index === 4 ? add(value, ONE) : value));
    return { ...commitment, pinned: values };
  };
  const attack = (name: string, aim: RefusalCode, statement: Cheats['statement']): Attack => ({
    ...{ group, name, aims: [aim] },
    forge: () => forger.prove(forgedTrace({}), statement === undefined ? {} : { statement }),
  });
  const places: readonly (readonly [string, PartPlace])[] = [
    ['chain', { ...PLACE, chainId: new Uint8Array(32) }],
    ['market', { ...PLACE, market: 8 }],
    ['epoch', { ...PLACE, epoch: 4n }],
    ['part', { ...PLACE, part: 2 }],
    ['first record', { ...PLACE, recordFirst: 1_001n }],
  ];
  return [
    attack('pinned values after', 'LOW_DEGREE', (one) => ({ ...one, after: pinned(one.after) })),
    attack('pinned values before', 'LOW_DEGREE', (one) => ({ ...one, before: pinned(one.before) })),
    attack('a root of other records', 'ROOT', (one) => ({ ...one, recordRoot: one.after.root })),
    attack('a count that is one more', 'CONSTRAINTS', (one) => ({ ...one, count: one.count + 1 })),
    attack('other constraints', 'AIR_DIGEST', (one) => ({ ...one, airDigest: new Uint8Array(32) })),
    ...places.map(
      ([name, place]): Attack => ({
        ...{ group, name: `of another ${name}`, aims: ['CONSTRAINTS'] },
        forge: () => ({
          statement: forger.honest().statement,
          proof: forger.honest(place).proof,
        }),
      }),
    ),
  ];
}

function valueAttacks(forger: Forger, { below }: ProverOptions): Attack[] {
  return (['current', 'next'] as const).flatMap((point) =>
    [recordsTable, accountsAfterTable, accountsBeforeTable].map((table, number): Attack => {
      const place = below(openingCounts(table)[point]);
      const values: Cheats['values'] = (honest) =>
        honest.map((ofTable, index) => {
          const more = (value: Extension, at: number) => (at === place ? add(value, ONE) : value);
          return index === number ? { ...ofTable, [point]: ofTable[point].map(more) } : ofTable;
        });
      return {
        group: 'values at zeta',
        name: `value ${place} of ${table.name}, ${point}`,
        aims: ['CONSTRAINTS'],
        forge: () => forger.prove(forgedTrace({}), { values }),
      };
    }),
  );
}

/** Columns and words that are no polynomials of low degree. */
function lowDegreeAttacks(forger: Forger): Attack[] {
  const group = 'functions far from low degree';
  const attack = (name: string, cheats: Cheats): Attack => {
    const forge = () => forger.prove(forgedTrace({}), cheats);
    return { group, name, aims: ['LOW_DEGREE'], forge };
  };
  /** Constraints are met: the quotient is told by cosets 0 and 2, values at zeta by the first. */
  const cosets = (changed: readonly number[], change: (word: number) => number): Cheats => ({
    columns: ({ arena }, main) => {
      const [records] = main;
      if (records === undefined) throw new Error('assertion failed: there are records');
      for (const coset of changed) {
        const words = arena.words(records.at(8, coset), 2 ** records.logHeight);
        for (const [row, word] of words.entries()) words[row] = change(word) % PRIME;
      }
    },
  });
  const words = (change: (all: Uint32Array) => void): Cheats => ({
    combinations: ({ arena }, combinations) => {
      const [largest] = [...combinations.keys()].sort((one, two) => two - one);
      const address = combinations.get(largest ?? 0) ?? 0;
      change(arena.words(address, 2 ** (largest ?? 0)));
    },
  });
  return [
    attack(
      'a column that is noise on half its domain',
      cosets([1, 3], (word) => 7 * word + 12_345),
    ),
    attack(
      'a column that is noise on a quarter of it',
      cosets([3], (word) => 7 * word + 12_345),
    ),
    // A polynomial of x^n that is 0 on two of four cosets.
    attack(
      'a column with terms of higher degree',
      cosets([1, 3], (word) => word + 1_000),
    ),
    attack(
      'a combination of noise',
      words((all) =>
        all.forEach((word, row) => {
          all[row] = (word + row * row) % PRIME;
        }),
      ),
    ),
    attack(
      'a combination of 0',
      words((all) => all.fill(0)),
    ),
    attack('values at zeta of others that satisfy the constraints', { values: otherHalves }),
    attack('another final polynomial', {
      final: (coefficients) => {
        coefficients[0] = add(coefficients[0] ?? ZERO, ONE);
      },
    }),
    attack('a final polynomial of 0', { final: (coefficients) => coefficients.fill(ZERO) }),
  ];
}

/** Values of both halves of a quotient that give the same at zeta. */
function otherHalves([records, ...rest]: TableValues[], zeta: Extension): TableValues[] {
  if (records === undefined) throw new Error('assertion failed: there are records');
  const current = [...records.current];
  const [low, high] = [current.length - 10, current.length - 5];
  const height = power(zeta, SAMPLE_TRACE.records.height);
  current[high] = add(current[high] ?? ZERO, ONE);
  current[low] = sub(current[low] ?? ZERO, height);
  return [{ ...records, current }, ...rest];
}

function workAttacks(forger: Forger): Attack[] {
  const weaker: readonly (readonly [string, ProofParameters])[] = [
    ['one query', { ...ATTACKED_PARAMETERS, queries: 1 }],
    ['a query less than 100 bits take', { ...ATTACKED_PARAMETERS, queries: 89 }],
    ['no work', { ...ATTACKED_PARAMETERS, grindingBits: 0 }],
    ['much work and few queries', { ...ATTACKED_PARAMETERS, queries: 40, grindingBits: 16 }],
    ['the larger blowup and few queries', { logBlowup: 3, queries: 40, grindingBits: 12 }],
  ];
  return [
    ...[0n, 1n, 2n ** 64n - 1n].map(
      (nonce): Attack => ({
        group: 'work that is not done',
        name: `the nonce ${nonce}`,
        aims: ['GRINDING'],
        forge: () => forger.prove(forgedTrace({}), { nonce }),
      }),
    ),
    ...weaker.map(
      ([name, parameters]): Attack => ({
        group: 'parameters of too few bits',
        name,
        aims: ['PARAMETERS'],
        forge: () => forger.prove(forgedTrace({}), {}, { parameters }),
      }),
    ),
  ];
}
