/** Provers that follow the protocol on a trace that is false. */
import { accountsAfterTable, accountsBeforeTable } from '../../air/accounts-table.ts';
import { recordsTable } from '../../air/records-table.ts';
import { PRIME } from '../../field/base.ts';
import { add, type Extension, sub, ZERO } from '../../field/extension.ts';
import type { RefusalCode } from '../../verify/verdict.ts';
import type { Cheats } from '../cheating-run.ts';
import {
  accountCheats,
  SAMPLE_COUNT as COUNT,
  forgeries,
  PartEdits,
  recordCheats,
} from '../trace-cheats.ts';
import { ACCOUNT_FALSEHOODS } from './account-falsehoods.ts';
import type { Attack } from './attack.ts';
import {
  ACCOUNT_IDS,
  changedCell,
  countMultiplicities,
  forgedTrace,
  ROWS_BEFORE,
} from './forged-trace.ts';
import type { Forger, ProverOptions } from './prover-attacks.ts';
import { RECORD_FALSEHOODS } from './record-falsehoods.ts';

export function traceAttacks(forger: Forger, options: ProverOptions): Attack[] {
  return [
    ...cellAttacks(forger, options),
    ...falsehoods(forger),
    ...lonely(forger),
    ...betrayed(forger),
  ];
}

/** Cells of each main column, in rows where they mean something. */
function cellAttacks(forger: Forger, { cells, below }: ProverOptions): Attack[] {
  /** The sample's trades of a seller with others. */
  const trade = () => 12 + 2 * below((COUNT - 12) >> 1);
  const tables = [
    ['records', recordsTable, trade],
    ['after', accountsAfterTable, () => below(ACCOUNT_IDS.length)],
    ['before', accountsBeforeTable, () => below(ROWS_BEFORE)],
  ] as const;
  return tables.flatMap(([table, { columns }, rowFor]) =>
    columns.flatMap((name) =>
      Array.from({ length: cells }, (): Attack => {
        const [row, change] = [rowFor(), 1 + below(PRIME - 1)];
        return {
          group: `a cell of ${table}`,
          name: `${name} in row ${row}, ${change} more`,
          aims: ['CONSTRAINTS', 'SUMS'],
          forge: () => forger.prove(changedCell(table, name, row, change)),
        };
      }),
    ),
  );
}

/** Sums that add up although they are not those of the tables. */
function balanced(sums: Extension[]): void {
  const [, ...others] = sums;
  sums[0] = sub(ZERO, others.reduce(add, ZERO));
}

function falsehoods(forger: Forger): Attack[] {
  return [...RECORD_FALSEHOODS, ...ACCOUNT_FALSEHOODS].flatMap((falsehood): Attack[] => {
    const { group, name, bySums, count } = falsehood;
    const attack = (aim: RefusalCode, how: string, cheats: Cheats): Attack => ({
      ...{ group, name: `${name}${how}`, aims: [aim] },
      forge: () => forger.prove(forgedTrace(falsehood), cheats, { count }),
    });
    if (bySums === undefined) return [attack('CONSTRAINTS', '', {})];
    return [
      attack('SUMS', '', {}),
      attack('CONSTRAINTS', ', with sums that add up', { sums: balanced }),
    ];
  });
}

/** What one constraint alone stands against, whatever the sums would tell. */
function lonely(forger: Forger): Attack[] {
  const catalogs = [
    ['records', recordCheats],
    ['after', accountCheats],
  ] as const;
  return catalogs.flatMap(([table, cheats]) =>
    Object.entries(cheats).map(([name, change]): Attack => {
      const forge = () => {
        const edits = new PartEdits();
        change(edits[table]);
        return proveEdits(forger, edits, true, { sums: balanced });
      };
      const [group = ''] = name.split(' ');
      return { group, name: `what only ${name} is against`, aims: ['CONSTRAINTS'], forge };
    }),
  );
}

/** What breaks no constraint of a row. */
function betrayed(forger: Forger): Attack[] {
  return Object.entries(forgeries).flatMap(([name, change]) => {
    const attack = (aim: RefusalCode, how: string, cheats: Cheats): Attack => ({
      ...{ group: 'what sums betray', name: `${name}${how}`, aims: [aim] },
      forge: () => {
        const edits = new PartEdits();
        change(edits);
        return proveEdits(forger, edits, !name.includes('multiplicity'), cheats);
      },
    });
    return [
      attack('SUMS', '', {}),
      attack('CONSTRAINTS', ', with sums that add up', { sums: balanced }),
    ];
  });
}

function proveEdits(forger: Forger, edits: PartEdits, isCounted: boolean, cheats: Cheats) {
  const { trace } = edits;
  if (isCounted) countMultiplicities(trace.records, trace.after);
  return forger.prove(trace, cheats, { count: edits.records.count });
}
