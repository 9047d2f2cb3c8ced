// SPDX-License-Identifier: GPL-3.0-or-later
/** From a closed epoch to its parts and its signed header, all but the proofs. */
import {
  type AccountCommitment,
  type AccountTable,
  airDigest,
  commitmentDigest,
  encodeStatement,
} from '@foldbook/stark';
import {
  bytesToHex,
  type ChainState,
  chainStateAfter,
  decodeStarkEpochFile,
  encodeStarkEpochFile,
  encodeStarkHeader,
  type OperatorKeys,
  packRecords,
  partsHash,
  type RuleBook,
  type RuleChange,
  type StarkEpochFile,
  type StarkHeader,
  signHeader,
  verifyStarkEpoch,
} from '@foldbook/verifier';
import type { AccountLedger } from './account-ledger.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import { headerFields } from './epoch-header.ts';
import type { CutRoute, MarketRouting } from './market-routing.ts';
import type { OperatorKey } from './operator-key.ts';
import { packAccounts } from './packed-accounts.ts';
import type { Commitments, PartCommits } from './part-commits.ts';
import { refusedPlan } from './plan-check.ts';
import { createPartJob, namePart, type PartJob, type PartName } from './proof-job.ts';
import { ProverError } from './prover-error.ts';
import { type PartKind, partKind } from './router/part-kind.ts';
import type { KeptPart, StoredStarkGenesis } from './stark-store.ts';

export interface StarkContext extends StoredStarkGenesis {
  readonly operator: OperatorKey;
}

/** A part to be proved; its table before is packed when it is its turn. */
export interface PlannedPart {
  readonly statement: Uint8Array;
  readonly name: PartName;
  /** What its cost is known by. */
  readonly kind: PartKind;
  readonly job: () => PartJob;
}

export interface StarkPlan {
  readonly epoch: number;
  readonly changes: readonly RuleChange[];
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly parts: readonly PlannedPart[];
  /** The chain after this epoch. */
  readonly tip: ChainState<Uint8Array>;
  /** At its end. */
  readonly accounts: CommittedAccounts;
}

/** Balances, and how statements and headers name them. */
export interface CommittedAccounts {
  readonly table: AccountTable;
  readonly commitment: AccountCommitment;
  /** Of their plain tree. */
  readonly root: Uint8Array;
  readonly blocks: Uint32Array;
}

export function committedAccounts(
  table: AccountTable,
  { accounts, accountsRoot, accountBlocks }: Commitments,
): CommittedAccounts {
  return { table, commitment: accounts, root: accountsRoot, blocks: accountBlocks };
}

export interface StarkPlannerOptions {
  readonly commits: PartCommits;
  /** Records of a part at most. */
  readonly partRecords: number;
  /** Chooses how an epoch is cut; without it each part is as large as it may be. */
  readonly routing?: MarketRouting | undefined;
}

/** What one plan is made with. */
export interface StarkPlanning {
  /** By which the epoch is checked as verifiers do, before anybody sees it. */
  readonly operatorKeys: OperatorKeys;
  /** Parts of the epoch that an earlier run has proved. */
  readonly kept: readonly KeptPart[];
  /** Closed epochs behind this one. */
  readonly waiting: number;
}

export interface RoutedStarkPlan {
  readonly plan: StarkPlan;
  readonly route: CutRoute | undefined;
}

/** Plans a chain's epochs in order, each on the one before, however far ahead of the store. */
export class StarkPlanner {
  readonly #options: StarkPlannerOptions;
  readonly #context: StarkContext;
  readonly #rules: RuleBook;
  readonly #ledger: AccountLedger;
  #tip: ChainState<Uint8Array>;
  #accounts: CommittedAccounts;

  /**
   * @param rules - at the tip; moved on with each plan, as `ledger` is
   * @param accounts - those of the ledger
   */
  constructor(
    options: StarkPlannerOptions,
    context: StarkContext,
    tip: ChainState<Uint8Array>,
    rules: RuleBook,
    ledger: AccountLedger,
    accounts: CommittedAccounts,
  ) {
    this.#options = options;
    this.#context = context;
    this.#rules = rules;
    this.#ledger = ledger;
    this.#tip = tip;
    this.#accounts = accounts;
  }

  /** @throws ProverError BALANCE_OUT_OF_RANGE, EPOCH_REFUSED: the planner is then of no more use */
  async plan(closed: ClosedEpoch, planning: StarkPlanning): Promise<RoutedStarkPlan> {
    const route = this.#route(closed, planning);
    try {
      const parts = await this.#cut(closed, route?.sizes ?? [], planning.kept);
      const plan = this.#sign(closed, parts);
      this.#check(plan, planning.operatorKeys);
      this.#tip = plan.tip;
      route?.cut(parts.map(({ kind }) => kind));
      return { plan, route };
    } catch (error) {
      route?.end();
      throw error;
    }
  }

  #route(closed: ClosedEpoch, { kept, waiting }: StarkPlanning): CutRoute | undefined {
    const { partRecords, routing } = this.#options;
    const { name, parameters } = this.#context.genesis;
    const accounts = this.#ledger.accounts;
    const cuttable = { partRecords, accounts, logBlowup: parameters.logBlowup };
    const sizes = keptSizes(closed, kept, partRecords);
    return routing?.cut(name, closed, waiting, cuttable, sizes);
  }

  /**
   * @param sizes - of the first parts, which have so many records or less
   * @param kept - by the records since genesis: these stay, whatever comes out before them
   */
  async #cut(
    closed: ClosedEpoch,
    sizes: readonly number[],
    kept: readonly KeptPart[],
  ): Promise<PlannedPart[]> {
    const { partRecords } = this.#options;
    const proved = partsInRow(closed, kept, partRecords);
    const parts: PlannedPart[] = [];
    for (let first = 0; first < closed.records.length; ) {
      const chosen = Math.min(partRecords, sizes[parts.length] ?? partRecords);
      const from = closed.recordFirst + first;
      const size = proved.length === 0 ? chosen : keptSize(proved, from, partRecords);
      const { part, end } = await this.#planPart(closed, parts.length, first, size);
      parts.push(part);
      first = end;
    }
    return parts;
  }

  #sign(closed: ClosedEpoch, parts: readonly PlannedPart[]): StarkPlan {
    const { operator } = this.#context;
    const tip = this.#tip;
    const header: StarkHeader = {
      ...headerFields(this.#context, tip, closed),
      partCount: parts.length,
      rootNew: commitmentDigest(this.#accounts.commitment),
      digestListHash: partsHash(parts.map(({ statement }) => statement)),
      accountsRoot: this.#accounts.root,
    };
    const headerBytes = encodeStarkHeader(header);
    return {
      ...{ epoch: closed.epoch, changes: closed.changes, headerBytes, parts },
      signature: signHeader(headerBytes, operator.secretKey),
      tip: chainStateAfter(header, headerBytes),
      accounts: this.#accounts,
    };
  }

  /** The part of an epoch that begins with the record at `first`. */
  async #planPart(
    closed: ClosedEpoch,
    index: number,
    first: number,
    size: number,
  ): Promise<{ readonly part: PlannedPart; readonly end: number }> {
    const { commits, partRecords } = this.#options;
    const { genesis, chainId } = this.#context;
    const before = this.#accounts;
    const end = this.#ledger.takePart(closed.records, first, size, partRecords);
    if (end === undefined) throw this.#outOfRange(closed.epoch);
    const count = end - first;
    const records = packRecords(closed.records.slice(first, end));
    const table = this.#ledger.table();
    const { parameters, market, name } = genesis;
    const { logBlowup } = parameters;
    const made = await commits.commit({ logBlowup, records, accounts: table });
    this.#accounts = committedAccounts(table, made);
    const recordFirst = closed.recordFirst + first;
    const statement = encodeStatement({
      ...{ parameters, airDigest: genesis.airDigest, chainId, market, part: index, count },
      ...{ epoch: BigInt(closed.epoch), recordFirst: BigInt(recordFirst) },
      ...{ recordRoot: made.recordRoot, before: before.commitment, after: made.accounts },
    });
    const part = `p${recordFirst}+${count}`;
    const place = { market: name, chain: bytesToHex(chainId), epoch: closed.epoch, part };
    const job = (): PartJob => {
      const accounts = packAccounts(before.table);
      return createPartJob(place, airDigest(), { statement, records, accounts });
    };
    const height = 2 ** Math.max(before.commitment.logHeight, made.accounts.logHeight);
    const kind = partKind(count, height, logBlowup);
    return { part: { statement, name: namePart(place, statement), kind, job }, end };
  }

  /** What was signed and refused could never be taken back. */
  #check(plan: StarkPlan, operatorKeys: OperatorKeys): void {
    const { genesis, chainId } = this.#context;
    const refusal = (what: string) => refusedPlan(genesis.name, plan.epoch, what);
    const decoded = decodeStarkEpochFile(starkEpochFile(plan, () => new Uint8Array()));
    if (!decoded.ok) throw refusal(`${decoded.error.code}: ${decoded.error.message}`);
    const context = { genesis, genesisHash: chainId, operatorKeys };
    const checks = { proofs: false, rules: this.#rules };
    const outcome = verifyStarkEpoch(context, this.#tip, decoded.value, checks);
    if (!outcome.ok) throw refusal(`${outcome.part}: ${outcome.code}: ${outcome.message}`);
  }

  #outOfRange(epoch: number): ProverError {
    const { name } = this.#context.genesis;
    const wrong = this.#ledger.fault() ?? 'a trade has more fees than a part has records';
    const mend = "the market's engine should have refused it";
    return new ProverError(
      'BALANCE_OUT_OF_RANGE',
      `market ${name}, epoch ${epoch}: ${wrong} (${mend})`,
    );
  }
}

/** The file of a planned epoch with these proofs in it. */
export function starkEpochFile(
  { headerBytes, signature, changes, parts }: StarkPlan,
  proofOf: (part: PlannedPart) => Uint8Array,
): Uint8Array {
  const file: StarkEpochFile = {
    ...{ headerBytes, signature, changes },
    parts: parts.map((part) => ({ statement: part.statement, proof: proofOf(part) })),
  };
  return encodeStarkEpochFile(file);
}

/** Of parts with a proof those that are of the epoch and may stand in one cut, in order. */
function partsInRow(
  { recordFirst, records }: Pick<ClosedEpoch, 'recordFirst' | 'records'>,
  kept: readonly KeptPart[],
  partRecords: number,
): KeptPart[] {
  const parts: KeptPart[] = [];
  let next = recordFirst;
  for (const part of kept.toSorted((left, right) => left.first - right.first)) {
    const end = part.first + part.count;
    const isHere = part.first >= next && end <= recordFirst + records.length;
    if (!isHere || part.count > partRecords) continue;
    parts.push(part);
    next = end;
  }
  return parts;
}

/**
 * So many records a part that parts with a proof come out as they are; undefined where there are
 * none. What is between them is cut plainly.
 */
function keptSizes(
  closed: Pick<ClosedEpoch, 'recordFirst' | 'records'>,
  kept: readonly KeptPart[],
  partRecords: number,
): number[] | undefined {
  const sizes: number[] = [];
  let next = closed.recordFirst;
  for (const { first, count } of partsInRow(closed, kept, partRecords)) {
    for (; next < first; next += sizes.at(-1) ?? 0) sizes.push(Math.min(partRecords, first - next));
    sizes.push(count);
    next += count;
  }
  return sizes.length === 0 ? undefined : sizes;
}

/**
 * Of the part that begins with a record. The parts before it may have had less than their sizes, so
 * what is left to the next part with a proof is counted anew.
 */
function keptSize(proved: readonly KeptPart[], from: number, partRecords: number): number {
  const next = proved.find(({ first }) => first >= from);
  if (next === undefined) return partRecords;
  return next.first === from ? next.count : Math.min(partRecords, next.first - from);
}
