/** Provers that cheat: on a changed trace, or in a step behind it. */
import { ACCOUNT_RANGES } from '../air/accounts-table.ts';
import { RANGE, RECORD_RANGES } from '../air/records-table.ts';
import type { TableName } from '../air/table.ts';
import { add, type Extension, ZERO } from '../field/extension.ts';
import type { FriLayers } from '../fri/layers.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { scratch } from '../kernel/kernel-values.ts';
import type { QueryOpenings, TableValues } from '../proof/part-proof.ts';
import type { ExtendedColumns } from '../prove/extended-columns.ts';
import type { LookupValues } from '../prove/lookups.ts';
import { type PartClaim, PartRun, type ProvedPart } from '../prove/part-run.ts';
import type { PartStatement } from '../statement/part-statement.ts';
import type { SettlementTrace } from '../trace/settlement-trace.ts';
import type { TableTrace } from '../trace/table-trace.ts';
import { LookupCells } from './lookup-cells.ts';

/** What a dishonest prover does. It may also change the trace before it begins. */
export interface Cheats {
  /** Changes the statement, for one that the tables do not bear out. */
  readonly statement?: (honest: PartStatement) => PartStatement;
  /** Changes main columns on the extended domains, where the kernel has them. */
  readonly columns?: (kernel: Kernel, main: readonly ExtendedColumns[]) => void;
  /** Makes sums add up to 0 by a cell: of a column e in the first row, or of S in the last one. */
  readonly lookups?: { readonly table: TableName; readonly column: number | 'S' };
  /** Changes the sums that are claimed; quotients are made for those. */
  readonly sums?: (honest: Extension[]) => void;
  /** Changes the values at zeta. */
  readonly values?: (honest: TableValues[], zeta: Extension) => TableValues[];
  /** Changes the combinations: addresses by the log sizes of their domains. */
  readonly combinations?: (kernel: Kernel, words: ReadonlyMap<number, number>) => void;
  /** Changes the final polynomial. */
  readonly final?: (coefficients: Extension[]) => void;
  /** Does no work. */
  readonly nonce?: bigint;
  /** Changes what is opened. */
  readonly queries?: (honest: QueryOpenings[]) => QueryOpenings[];
}

/** The proof of a part by whoever has this trace. */
export function proveWith(
  kernel: Kernel,
  claim: PartClaim,
  trace: SettlementTrace,
  cheats: Cheats = {},
): ProvedPart {
  return scratch(kernel, () => new CheatingRun(kernel, claim, trace, cheats).run());
}

export class CheatingRun extends PartRun {
  readonly #trace: SettlementTrace;
  readonly #cheats: Cheats;

  constructor(kernel: Kernel, claim: PartClaim, trace: SettlementTrace, cheats: Cheats) {
    super(kernel, claim, trace);
    this.#trace = trace;
    this.#cheats = cheats;
  }

  protected override extendTraces(traces: readonly number[]): ExtendedColumns[] {
    const main = super.extendTraces(traces);
    this.#cheats.columns?.(this.kernel, main);
    return main;
  }

  protected override statementOf(...given: Parameters<PartRun['statementOf']>): PartStatement {
    const honest = super.statementOf(...given);
    return this.#cheats.statement?.(honest) ?? honest;
  }

  /** The kernel finds only cells below 4,096 in its table: others' fractions are computed here. */
  protected override placeLookups(
    ...[traces, challenges]: Parameters<PartRun['placeLookups']>
  ): LookupValues[] {
    const tables = super.placeLookups(traces, challenges).map((values, index) => {
      const trace = this.#trace[this.shape.table(index).table.name];
      const cells = new LookupCells(this.kernel, trace, values);
      cells.correct(trace, rowsOutOfRange(trace), challenges);
      return cells;
    });
    const { lookups, sums: change } = this.#cheats;
    if (lookups !== undefined) {
      const excess = tables.map(({ values }) => values.sum).reduce(add);
      const index = this.shape.tables.findIndex(({ table }) => table.name === lookups.table);
      tables[index]?.takeFromSum(excess, lookups.column);
    }
    const sums = tables.map(({ values }) => values.sum);
    change?.(sums);
    return tables.map(({ values }, table) => ({ ...values, sum: sums[table] ?? values.sum }));
  }

  protected override valuesAt(...given: Parameters<PartRun['valuesAt']>): TableValues[] {
    const honest = super.valuesAt(...given);
    const [heights] = given;
    const zeta = heights.values().next().value?.zeta.point ?? ZERO;
    return this.#cheats.values?.(honest, zeta) ?? honest;
  }

  protected override fold(words: ReadonlyMap<number, number>): FriLayers {
    this.#cheats.combinations?.(this.kernel, words);
    const layers = super.fold(words);
    this.#cheats.final?.(layers.finalPolynomial as Extension[]);
    return layers;
  }

  protected override findNonce(state: Uint8Array): bigint {
    return this.#cheats.nonce ?? super.findNonce(state);
  }

  protected override query(...given: Parameters<PartRun['query']>): QueryOpenings[] {
    const honest = super.query(...given);
    return this.#cheats.queries?.(honest) ?? honest;
  }
}

/** The kernel looks up a row's t, too. */
const RANGES = { records: [...RECORD_RANGES, 't'], after: ACCOUNT_RANGES, before: [] };

/** Rows with a cell that the proof shows to be below 4,096 and is not. */
export function rowsOutOfRange(trace: TableTrace): number[] {
  const rows = new Set<number>();
  for (const name of RANGES[trace.table.name]) {
    trace.named(name).forEach((cell, row) => {
      if (cell >= RANGE) rows.add(row);
    });
  }
  return [...rows];
}
