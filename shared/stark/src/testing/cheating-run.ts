/** Provers that cheat: on a changed trace, or in a step behind it. */
import { ACCOUNT_RANGES } from '../air/accounts-table.ts';
import { RANGE, RECORD_RANGES } from '../air/records-table.ts';
import type { Extension } from '../field/extension.ts';
import type { FriLayers } from '../fri/layers.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { toMontgomery } from '../kernel/montgomery.ts';
import type { QueryOpenings, TableValues } from '../proof/part-proof.ts';
import { type ExtendedColumns, extendValues } from '../prove/extended-columns.ts';
import { scratch } from '../prove/kernel-values.ts';
import type { Lookups } from '../prove/lookups.ts';
import { type PartClaim, PartRun, type ProvedPart } from '../prove/part-run.ts';
import type { PartStatement } from '../statement/part-statement.ts';
import type { SettlementTrace } from '../trace/settlement-trace.ts';
import type { TableTrace } from '../trace/table-trace.ts';
import type { LookupChallenges } from '../verify/lookup-challenges.ts';
import { lookupsOf } from './air-check.ts';

/** What a dishonest prover does. It may also change the trace before it begins. */
export interface Cheats {
  /** Changes the statement, for one that the tables do not bear out. */
  readonly statement?: (honest: PartStatement) => PartStatement;
  /** Changes main columns on the extended domains, where the kernel has them. */
  readonly columns?: (kernel: Kernel, main: readonly ExtendedColumns[]) => void;
  /** Changes the sums that are claimed; quotients are made for those. */
  readonly sums?: (honest: Extension[]) => void;
  /** Changes the values at zeta. */
  readonly values?: (honest: TableValues[]) => TableValues[];
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

  /** The kernel finds only cells below 4,096 in its table: others' fractions are computed here. */
  protected override lookups(traces: readonly number[], challenges: LookupChallenges): Lookups[] {
    const { records, after, before } = this.#trace;
    const isInRange = hasRanges(records, RECORD_RANGES) && hasRanges(after, ACCOUNT_RANGES);
    const honest = isInRange
      ? super.lookups(traces, challenges)
      : [records, after, before].map((trace) => this.#lookupsOf(trace, challenges));
    const sums = honest.map(({ sum }) => sum);
    this.#cheats.sums?.(sums);
    return honest.map((one, table) => ({ ...one, sum: sums[table] ?? one.sum }));
  }

  #lookupsOf(trace: TableTrace, challenges: LookupChallenges): Lookups {
    const { columns, sum } = lookupsOf(trace, this.#count, challenges);
    const words = columns.flatMap((column) =>
      [0, 1, 2, 3, 4].flatMap((i) => column.map((element) => toMontgomery(element[i] ?? 0))),
    );
    const { arena } = this.kernel;
    const values = arena.take(Uint32Array.BYTES_PER_ELEMENT * words.length);
    arena.words(values, words.length).set(words);
    const logHeight = Math.log2(trace.height);
    const count = words.length / trace.height;
    const extended = extendValues(this.kernel, this.transforms, values, count, logHeight);
    return { columns: extended, sum };
  }

  protected override valuesAt(...given: Parameters<PartRun['valuesAt']>): TableValues[] {
    const honest = super.valuesAt(...given);
    return this.#cheats.values?.(honest) ?? honest;
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

function hasRanges(trace: TableTrace, columns: readonly string[]): boolean {
  return columns.every((name) => trace.named(name).every((cell) => cell < RANGE));
}
