/** The rules of an epoch: their changes under the header, and the fees that follow from them. */
import { sameBytes } from './bytes.ts';
import type { ChainState } from './chain-state.ts';
import type { HeadedEpoch } from './epoch-file.ts';
import type { GenesisFields } from './genesis.ts';
import { ACCEPTED, type ReasonCode, refused, type Verdict } from './reason-codes.ts';
import type { RecordList } from './record-list.ts';
import type { Charge, RuleBook } from './rule-book.ts';
import { RULES_START, type RuleChange, rulesHashAfter } from './rules.ts';
import { FEE_ACCOUNT, RecordKind, type SettlementRecord } from './settlement-record.ts';

/** Whether the epoch's changes are those that its header has, each in a place that it can have. */
export function checkChanges(
  genesis: GenesisFields,
  state: Pick<ChainState, 'rulesHash'>,
  { header, changes }: HeadedEpoch,
): Verdict {
  if (!sameBytes(rulesHashAfter(state.rulesHash, changes), header.rulesHash)) {
    return refused('RULES_HASH', "the epoch's changes do not lead to the rules hash of its header");
  }
  if (header.epoch === 0n) {
    const [creation] = changes;
    if (creation?.kind !== 'creation') {
      return refused('RULES_HASH', "the first change is not the market's creation");
    }
    if (!sameBytes(rulesHashAfter(RULES_START, [creation]), genesis.rulesHash)) {
      return refused('RULES_HASH', 'the market was created with other rules than the genesis has');
    }
  }
  let record = header.recordFirst;
  let sequence = header.sequenceFirst - 1n;
  const recordEnd = header.recordFirst + BigInt(header.recordCount);
  for (const [index, change] of changes.entries()) {
    const isAscending = change.record >= record && change.sequence > sequence;
    if (!isAscending || change.record > recordEnd || change.sequence > header.sequenceLast) {
      const place = `record ${change.record}, sequence ${change.sequence}`;
      return refused('RULES_ORDER', `change ${index} is at ${place}, out of its place`);
    }
    ({ record, sequence } = change);
  }
  return ACCEPTED;
}

/** Takes the changes into the book; refused where one could not be. */
export function applyChanges(rules: RuleBook, changes: readonly RuleChange[]): Verdict {
  for (const change of changes) {
    const wrong = rules.apply(change);
    if (wrong !== undefined) {
      return refused('RULES_INVALID', `change of sequence ${change.sequence}: ${wrong}`);
    }
  }
  return ACCEPTED;
}

export interface RecordsAndChanges {
  /** Index of the first record since genesis. */
  readonly recordFirst: bigint;
  readonly records: RecordList;
  readonly changes: readonly RuleChange[];
}

/**
 * Whether every trade is followed by the fees and rebates that the rules in force at it give, the
 * taker's first, for one of the two ways to say who was the taker; and whether no fee stands
 * anywhere else. A rebate elsewhere is a collection of fees. Moves `rules` on to the epoch's end.
 */
export function checkFees(
  { recordFirst, records, changes }: RecordsAndChanges,
  rules: RuleBook,
): Verdict {
  let applied = 0;
  const applyUpTo = (record: bigint): Verdict => {
    const first = applied;
    while ((changes[applied]?.record ?? record + 1n) <= record) applied += 1;
    return applyChanges(rules, changes.slice(first, applied));
  };
  for (let index = 0; index < records.length; index++) {
    const moved = applyUpTo(recordFirst + BigInt(index));
    if (!moved.ok) return moved;
    const record = records.get(index);
    if (record.kind === RecordKind.FEE) return notByRules(index, 'a fee without its trade');
    if (record.kind !== RecordKind.TRADE) continue;
    if (rules.creation === undefined) return notByRules(index, 'a trade before the creation');
    const ways = waysToCharge(rules, record);
    const taken = ways.find((charges) => areCharged(records, index + 1, charges));
    if (taken === undefined) {
      const words = ways.map(chargeWords).join(' or ');
      return notByRules(index, `the trade is not followed by ${words}, as the rules have it`);
    }
    index += taken.length;
  }
  return applyChanges(rules, changes.slice(applied));
}

/** Seller or buyer as the taker; the longer first, since a rebate alone may be a collection. */
function waysToCharge(rules: RuleBook, { a, b, dQuote }: SettlementRecord): Charge[][] {
  const ways = [rules.charges(a, b, dQuote), rules.charges(b, a, dQuote)];
  return ways.sort((left, right) => right.length - left.length);
}

function areCharged(records: RecordList, first: number, charges: readonly Charge[]): boolean {
  return charges.every(({ account, amount, isRebate }, offset) => {
    if (first + offset >= records.length) return false;
    const { kind, a, b, dQuote } = records.get(first + offset);
    const [receiver, payer] = isRebate ? [account, FEE_ACCOUNT] : [FEE_ACCOUNT, account];
    const isKind = kind === (isRebate ? RecordKind.REBATE : RecordKind.FEE);
    return isKind && a === receiver && b === payer && dQuote === amount;
  });
}

function chargeWords(charges: readonly Charge[]): string {
  const words = charges.map(({ account, amount, isRebate }) => {
    return `a ${isRebate ? 'rebate' : 'fee'} of ${amount} for account ${account}`;
  });
  return words.length === 0 ? 'no fee' : words.join(' and ');
}

function notByRules(index: number, message: string): Verdict {
  const code: ReasonCode = 'FEE_RULES';
  return refused(code, `record ${index} of the epoch: ${message}`);
}
