/** Proves parts (SPEC sections 5 to 9): one at a time, in one thread. */
import type { Kernel } from '../kernel/kernel.ts';
import { scratch } from '../kernel/kernel-values.ts';
import { DEFAULT_PARAMETERS, type ProofParameters } from '../parameters.ts';
import type { AccountTable } from '../trace/account-table.ts';
import type { SettlementRecord } from '../trace/settlement-record.ts';
import { traceSettlement } from '../trace/settlement-trace.ts';
import { type PartPlace, PartRun, type ProvedPart } from './part-run.ts';
import { begin, type ProveHooks } from './prove-hooks.ts';

/** A part to be proved, and what it begins with. */
export interface PartInput extends PartPlace {
  readonly records: readonly SettlementRecord[];
  readonly accounts: AccountTable;
}

export class PartProver {
  readonly #kernel: Kernel;
  readonly #parameters: ProofParameters;

  constructor(kernel: Kernel, parameters: ProofParameters = DEFAULT_PARAMETERS) {
    this.#kernel = kernel;
    this.#parameters = parameters;
  }

  /**
   * @throws StarkError STATEMENT_FALSE for records that are not valid or balances that leave their
   *   range; CANCELLED; OUT_OF_MEMORY
   */
  prove(input: PartInput, hooks: ProveHooks = {}): ProvedPart {
    begin('trace', hooks);
    const { records, accounts } = input;
    const trace = traceSettlement(records, accounts);
    const claim = { parameters: this.#parameters, place: input, count: records.length };
    return scratch(this.#kernel, () => new PartRun(this.#kernel, claim, trace, hooks).run());
  }
}
