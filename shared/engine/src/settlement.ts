/** What an event moves between accounts, as the settlement record that the proofs are about. */
import assert from 'node:assert/strict';
import {
  Account,
  Asset,
  CommandKind,
  EventKind,
  EventOffset,
  FeeOffset,
  FundsOffset,
  type SettlementEntry,
  SettlementKind,
  Side,
  TradeOffset,
} from '@foldbook/protocol';

/** A settlement record without its place: base moves from a to b, quote from b to a. */
export type SettlementMove = Omit<SettlementEntry, 'sequence' | 'recordIndex'>;

/**
 * The settlement record of the event at `offset`; undefined for events that move nothing. TRADE,
 * FEE and FUNDS events give exactly one record each, in the order of the events.
 */
export function settlementRecord(view: DataView, offset: number): SettlementMove | undefined {
  switch (view.getUint8(offset + EventOffset.KIND)) {
    case EventKind.TRADE:
      return tradeRecord(view, offset);
    case EventKind.FEE:
      return feeRecord(view, offset);
    case EventKind.FUNDS:
      return fundsRecord(view, offset);
    default:
      return undefined;
  }
}

function tradeRecord(view: DataView, offset: number): SettlementMove {
  const taker = view.getUint32(offset + EventOffset.ACCOUNT, true);
  const maker = view.getUint32(offset + TradeOffset.MAKER_ACCOUNT, true);
  const price = view.getBigUint64(offset + TradeOffset.PRICE, true);
  const base = view.getBigUint64(offset + TradeOffset.QUANTITY, true);
  const isTakerSeller = view.getUint8(offset + EventOffset.SIDE) === Side.SELL;
  const a = isTakerSeller ? taker : maker;
  const b = isTakerSeller ? maker : taker;
  return { kind: SettlementKind.TRADE, a, b, price, base, quote: price * base };
}

function feeRecord(view: DataView, offset: number): SettlementMove {
  const account = view.getUint32(offset + EventOffset.ACCOUNT, true);
  const amount = view.getBigUint64(offset + FeeOffset.AMOUNT, true);
  const isRebate = view.getUint16(offset + EventOffset.CODE, true) !== 0;
  const move = { price: 0n, base: 0n, quote: amount };
  if (isRebate) return { kind: SettlementKind.REBATE, a: account, b: Account.FEES, ...move };
  return { kind: SettlementKind.FEE, a: Account.FEES, b: account, ...move };
}

function fundsRecord(view: DataView, offset: number): SettlementMove {
  const account = view.getUint32(offset + EventOffset.ACCOUNT, true);
  const amount = view.getBigUint64(offset + FundsOffset.AMOUNT, true);
  const command = view.getUint16(offset + EventOffset.CODE, true);
  if (command === CommandKind.COLLECT_FEES) {
    // Out of the fee account, as a rebate is.
    const move = { price: 0n, base: 0n, quote: amount };
    return { kind: SettlementKind.REBATE, a: account, b: Account.FEES, ...move };
  }
  const isBase = view.getUint8(offset + EventOffset.SIDE) === Asset.BASE;
  const isDeposit = command === CommandKind.DEPOSIT;
  assert(isDeposit || command === CommandKind.WITHDRAW, `FUNDS event of command ${command}`);
  const fromSupply = { a: Account.SUPPLY, b: account };
  const toSupply = { a: account, b: Account.SUPPLY };
  // Quote moves from b to a, so its records name the two accounts the other way round.
  const sides = isDeposit === isBase ? fromSupply : toSupply;
  return {
    kind: fundsKind(isDeposit, isBase),
    ...sides,
    price: 0n,
    base: isBase ? amount : 0n,
    quote: isBase ? 0n : amount,
  };
}

function fundsKind(isDeposit: boolean, isBase: boolean): SettlementKind {
  if (isDeposit) return isBase ? SettlementKind.DEPOSIT_BASE : SettlementKind.DEPOSIT_QUOTE;
  return isBase ? SettlementKind.WITHDRAW_BASE : SettlementKind.WITHDRAW_QUOTE;
}
