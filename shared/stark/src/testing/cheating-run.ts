/** Provers that cheat: on a changed trace, or in a step behind it. */
import { ACCOUNT_RANGES } from '../air/accounts-table.ts';
import { RANGE, RECORD_RANGES } from '../air/records-table.ts';
import type { TableName } from '../air/table.ts';
import { TABLES } from '../air/tables.ts';
import { add, DEGREE, type Extension, ZERO } from '../field/extension.ts';
import type { FriLayers } from '../fri/layers.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { scratch } from '../kernel/kernel-values.ts';
import { toMontgomery } from '../kernel/montgomery.ts';
import type { QueryOpenings, TableValues } from '../proof/part-proof.ts';
import { type ExtendedColumns, extendValues } from '../prove/extended-columns.ts';
import type { LookupInput, Lookups } from '../prove/lookups.ts';
import { type PartClaim, PartRun, type ProvedPart } from '../prove/part-run.ts';
import type { PartStatement } from '../statement/part-statement.ts';
import type { SettlementTrace } from '../trace/settlement-trace.ts';
import type { TableTrace } from '../trace/table-trace.ts';
import type { LookupChallenges } from '../verify/lookup-challenges.ts';
import { type Lookups as LookupCells, lookupsOf } from './air-check.ts';

/** What a dishonest prover does. It may also change the trace before it begins. */
export interface Cheats {
  /** Changes the statement, for one that the tables do not bear out. */
  readonly statement?: (honest: PartStatement) => PartStatement;
  /** Changes main columns on the extended domains, where the kernel has them. */
  readonly columns?: (kernel: Kernel, main: readonly ExtendedColumns[]) => void;
  /** Changes a table's columns e and S, and the sum that belongs to them. */
  readonly lookups?: {
    readonly table: TableName;
    /** @param excess - what the sums of all tables add up to */
    readonly change: (honest: LookupCells, excess: Extension) => LookupCells;
  };
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
  readonly #count: number;

  constructor(kernel: Kernel, claim: PartClaim, trace: SettlementTrace, cheats: Cheats) {
    super(kernel, claim, trace);
    this.#trace = trace;
    this.#cheats = cheats;
    this.#count = claim.count;
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

  protected override lookups(traces: readonly number[], challenges: LookupChallenges): Lookups[] {
    const lookups = super.lookups(traces, challenges);
    const cheat = this.#cheats.lookups;
    if (cheat !== undefined) {
      const excess = lookups.map(({ sum }) => sum).reduce(add);
      const honest = lookupsOf(this.#trace[cheat.table], this.#count, challenges);
      const index = TABLES.findIndex(({ name }) => name === cheat.table);
      lookups[index] = this.#place(cheat.change(honest, excess));
    }
    const sums = lookups.map(({ sum }) => sum);
    this.#cheats.sums?.(sums);
    return lookups.map((one, table) => ({ ...one, sum: sums[table] ?? one.sum }));
  }

  /** The kernel finds only cells below 4,096 in its table: others' fractions are computed here. */
  protected override lookupsOf(input: LookupInput): Lookups {
    const { name } = input.table;
    const trace = this.#trace[name];
    if (hasRanges(trace, RANGES[name])) return super.lookupsOf(input);
    return this.#place(lookupsOf(trace, this.#count, input.challenges));
  }

  #place({ columns, sum }: LookupCells): Lookups {
    const { arena } = this.kernel;
    const height = columns[0]?.length ?? 0;
    const count = DEGREE * columns.length;
    const values = arena.take(Uint32Array.BYTES_PER_ELEMENT * count * height);
    const words = arena.words(values, count * height);
    columns.flat().forEach((element, place) => {
      const column = DEGREE * Math.floor(place / height);
      element.forEach((coefficient, i) => {
        words[(column + i) * height + (place % height)] = toMontgomery(coefficient);
      });
    });
    const logHeight = Math.log2(height);
    const extended = extendValues(this.kernel, this.transforms, values, count, logHeight);
    return { columns: extended, sum };
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

const RANGES = { records: RECORD_RANGES, after: ACCOUNT_RANGES, before: [] };

/** Whether cells of the table are in the ranges that the proof shows. */
export function hasRanges(trace: TableTrace, columns: readonly string[]): boolean {
  return columns.every((name) => trace.named(name).every((cell) => cell < RANGE));
}
