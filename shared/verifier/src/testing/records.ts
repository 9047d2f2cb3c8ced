import type { FeeRates } from '../rules.ts';
import { RecordKind, type SettlementRecord } from '../settlement-record.ts';

type Amount = number | bigint;

/** Records by what they do, for tests. */
export const record = {
  depositBase: (account: number, amount: Amount): SettlementRecord =>
    create(RecordKind.DEPOSIT_BASE, 0, account, amount, 0),
  depositQuote: (account: number, amount: Amount): SettlementRecord =>
    create(RecordKind.DEPOSIT_QUOTE, account, 0, 0, amount),
  withdrawBase: (account: number, amount: Amount): SettlementRecord =>
    create(RecordKind.WITHDRAW_BASE, account, 0, amount, 0),
  withdrawQuote: (account: number, amount: Amount): SettlementRecord =>
    create(RecordKind.WITHDRAW_QUOTE, 0, account, 0, amount),
  fee: (payer: number, amount: Amount): SettlementRecord =>
    create(RecordKind.FEE, 1, payer, 0, amount),
  rebate: (receiver: number, amount: Amount): SettlementRecord =>
    create(RecordKind.REBATE, receiver, 1, 0, amount),
  trade: (seller: number, buyer: number, price: Amount, lots: Amount): SettlementRecord => ({
    kind: RecordKind.TRADE,
    a: seller,
    b: buyer,
    price: BigInt(price),
    dBase: BigInt(lots),
    dQuote: BigInt(price) * BigInt(lots),
  }),
};

function create(
  kind: number,
  a: number,
  b: number,
  dBase: Amount,
  dQuote: Amount,
): SettlementRecord {
  return { kind, a, b, price: 0n, dBase: BigInt(dBase), dQuote: BigInt(dQuote) };
}

/** Two accounts funded, trades both ways, a fee, a rebate, withdrawals: every kind once or more. */
export const everyKind: readonly SettlementRecord[] = [
  record.depositBase(2, 1_000),
  record.depositQuote(3, 1_000_000),
  record.trade(2, 3, 500, 7),
  record.fee(3, 40),
  record.rebate(2, 5),
  record.withdrawBase(3, 2),
  record.withdrawQuote(2, 100),
];

/** The rates by which the trade above has its fee and its rebate. */
export const everyKindRates: FeeRates = { makerFeePpm: -1_430, takerFeePpm: 11_400 };

/** Trades back and forth between the two accounts above. */
export function trades(count: number): SettlementRecord[] {
  return Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? record.trade(2, 3, 10 + i, 2) : record.trade(3, 2, 10 + i, 1),
  );
}
