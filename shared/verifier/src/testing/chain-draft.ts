/** What epochs of any chain of a market have in common, in tests. */
import { netDeltas } from '../account-diffs.ts';
import type { ChainState } from '../chain-state.ts';
import { diffsFileName, recordsFileName } from '../epoch-source.ts';
import { HASH_BYTES, type HeaderFields } from '../header.ts';
import { packDiffs } from '../packed-diffs.ts';
import { packRecords } from '../packed-records.ts';
import { type Creation, type FeeRates, type RuleChange, TIERS } from '../rules.ts';
import { RecordKind, type SettlementRecord } from '../settlement-record.ts';
import { everyKindRates } from './records.ts';

/** A change of rules without its place. */
export type Unplaced = RuleChange extends infer Change
  ? Change extends RuleChange
    ? Omit<Change, 'record' | 'sequence'>
    : never
  : never;

/** Before the record of this index in the epoch. */
export interface ChangeAt {
  readonly before: number;
  readonly change: Unplaced;
}

/** @param rates - none by default */
export function creationOf(rates: FeeRates = { makerFeePpm: 0, takerFeePpm: 0 }): Creation {
  return {
    kind: 'creation',
    ...{ record: 0n, sequence: 1n, maxFeePpm: 100_000 },
    ...rates,
    ...{ priceDecimals: 2, quantityDecimals: 8, baseSymbol: 'BTC', quoteSymbol: 'USD' },
  };
}

/** Behind the creation, which is the first epoch's first change. */
export function placeChanges<Root>(
  { nextEpoch, recordNext, sequenceLast }: ChainState<Root>,
  creation: Creation,
  changes: readonly ChangeAt[],
): RuleChange[] {
  const isFirst = nextEpoch === 0n;
  const placed = changes.map(({ before, change }, index): RuleChange => {
    const sequence = sequenceLast + BigInt(index + (isFirst ? 2 : 1));
    return { ...change, record: recordNext + BigInt(before), sequence };
  });
  return isFirst ? [creation, ...placed] : placed;
}

type Given = 'market' | 'chainId' | 'rulesHash' | 'recordCount' | 'rootNew' | 'dataDigest';

/** The next epoch's header, without what its changes and proofs come to. */
export function plannedHeader<Root>(
  state: ChainState<Root>,
  given: Pick<HeaderFields<Root>, Given>,
): HeaderFields<Root> {
  return {
    ...given,
    epoch: state.nextEpoch,
    previous: state.previousHash,
    logHeadStart: state.logHead,
    logHeadEnd: filled(Number(state.nextEpoch % 100n) + 100),
    logFirst: state.logLast + 2n,
    logLast: state.logLast + 5n,
    sequenceFirst: state.sequenceLast + 1n,
    sequenceLast: state.sequenceLast + BigInt(given.recordCount) + 40n,
    recordFirst: state.recordNext,
    changeCount: 0,
    stateHash: 0x1122334455667788n,
    timeNs: 1_700_000_000_000_000_000n + state.nextEpoch,
    rootOld: state.root,
    digestListHash: filled(0),
  };
}

/** An epoch's data, as they are published: by name in a market's folder. */
export function dataFiles(
  epoch: number,
  records: readonly SettlementRecord[],
): [name: string, bytes: Uint8Array][] {
  const recordsFile = [`epochs/${recordsFileName(epoch)}`, packRecords(records)] as const;
  const deltas = netDeltas(records);
  const limit = 2n ** 63n;
  const areBounded = deltas.every(({ base, quote }) =>
    [base, quote].every((change) => change > -limit && change < limit),
  );
  if (!areBounded) return [[...recordsFile]];
  return [[...recordsFile], [`epochs/${diffsFileName(epoch)}`, packDiffs(deltas)]];
}

/** The rates of `everyKind` for the trades that have a fee, no rates for the others. */
export function changesFor(records: readonly SettlementRecord[]): ChangeAt[] {
  return records.flatMap(({ kind }, before): ChangeAt[] => {
    const isCharged = kind === RecordKind.TRADE && records[before + 1]?.kind === RecordKind.FEE;
    if (!isCharged) return [];
    const { takerFeePpm } = everyKindRates;
    const fees = (tier: number, rates: FeeRates): Unplaced => ({ kind: 'fees', tier, ...rates });
    // Every tier's taker first: a rebate has to be covered whoever the taker is.
    const covering = Array.from({ length: TIERS }, (_, tier): ChangeAt => {
      return { before, change: fees(tier, { makerFeePpm: 0, takerFeePpm }) };
    });
    return [
      ...covering,
      { before, change: fees(0, everyKindRates) },
      { before: before + 1, change: fees(0, { makerFeePpm: 0, takerFeePpm: 0 }) },
    ];
  });
}

/** 32 equal bytes, a stand-in for a hash or a key. */
export function filled(byte: number): Uint8Array {
  return new Uint8Array(HASH_BYTES).fill(byte);
}
