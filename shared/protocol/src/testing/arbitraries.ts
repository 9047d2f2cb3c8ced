/** Random commands of every kind, and random records. */
import fc from 'fast-check';
import type { AdminCommand } from '../admin-command.ts';
import type { Command, OrderCommand } from '../command.ts';
import {
  Asset,
  BOTH_SIDES,
  CommandKind,
  MarketState,
  OrderType,
  RECORD_BYTES,
  SelfTrade,
  Side,
  TimeInForce,
} from '../layout.ts';
import { MAX_ACCOUNT, MAX_MARKET_NAME, MAX_SYMBOL } from '../limits.ts';

const u8 = fc.nat(2 ** 8 - 1);
const u32 = fc.nat(2 ** 32 - 1);
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const oneOf = <Value extends number>(table: Readonly<Record<string, Value>>) =>
  fc.constantFrom(...Object.values(table));
const side = oneOf(Side);
const anySide = oneOf({ ...Side, BOTH: BOTH_SIDES });
const unit = fc.integer({ min: 32, max: 126 }).map(ascii);
const symbol = fc.string({ unit, maxLength: MAX_SYMBOL });
const market = fc.string({ unit, maxLength: MAX_MARKET_NAME });

function ascii(code: number): string {
  return String.fromCharCode(code);
}

export const account = fc.nat(MAX_ACCOUNT);

const request = { session: fc.nat(2 ** 16 - 1), requestId: u64 };
const terms = {
  ...request,
  clientOrderId: u64,
  timeInForce: oneOf(TimeInForce),
  price: u64,
  quantity: u64,
  orderType: oneOf(OrderType),
  selfTrade: oneOf(SelfTrade),
  flags: fc.nat(7),
  displayQuantity: u64,
  stopPrice: u64,
  expireTime: u32,
};
const termsRequired = [
  ...(['kind', 'session', 'requestId', 'clientOrderId'] as const),
  ...(['timeInForce', 'price', 'quantity'] as const),
];
const kind = <Kind extends CommandKind>(value: Kind) => fc.constant(value);

/** What clients send; optional fields are there or not. */
export const orderCommand: fc.Arbitrary<OrderCommand> = fc.oneof(
  fc.record(
    { ...terms, kind: kind(CommandKind.NEW), side },
    { requiredKeys: [...termsRequired, 'side'] },
  ),
  fc.record({ ...terms, kind: kind(CommandKind.REPLACE) }, { requiredKeys: termsRequired }),
  fc.record(
    { ...terms, kind: kind(CommandKind.QUOTE), side },
    { requiredKeys: [...termsRequired, 'side'] },
  ),
  fc.record({ ...request, kind: kind(CommandKind.CANCEL), clientOrderId: u64 }),
  fc.record({ ...request, kind: kind(CommandKind.AMEND), clientOrderId: u64, delta: i64 }),
  fc.record({ ...request, kind: kind(CommandKind.CANCEL_ORDER), orderId: u64 }),
  fc.record({ ...request, kind: kind(CommandKind.CANCEL_ALL), side: anySide }),
  fc.record({ ...request, kind: kind(CommandKind.CANCEL_AFTER), timeoutSeconds: u32 }),
);

const funds = { ...request, account, asset: oneOf(Asset), amount: u64 };
const fundsRequired = [
  ...(['kind', 'session', 'requestId', 'account', 'asset', 'amount'] as const),
];

/** What operators send. */
export const adminCommand: fc.Arbitrary<AdminCommand> = fc.oneof(
  fc.record(
    { ...funds, kind: kind(CommandKind.DEPOSIT), fromMarket: market, returns: u32 },
    { requiredKeys: fundsRequired },
  ),
  fc.record(
    {
      ...funds,
      kind: kind(CommandKind.WITHDRAW),
      toMarket: market,
      toAccount: account,
      toAsset: oneOf(Asset),
    },
    { requiredKeys: fundsRequired },
  ),
  fc.record({ ...request, kind: kind(CommandKind.COLLECT_FEES), account, amount: u64 }),
  fc.record(
    {
      ...request,
      kind: kind(CommandKind.CREATE_MARKET),
      makerFeePpm: i32,
      takerFeePpm: i32,
      maxFeePpm: u32,
      baseSymbol: symbol,
      quoteSymbol: symbol,
      priceDecimals: u8,
      quantityDecimals: u8,
    },
    { requiredKeys: ['kind', 'session', 'requestId', 'makerFeePpm', 'takerFeePpm'] },
  ),
  fc.record({ ...request, kind: kind(CommandKind.CLOSE_EPOCH) }),
  fc.record({
    ...request,
    kind: kind(CommandKind.SET_FEES),
    tier: u32,
    makerFeePpm: i32,
    takerFeePpm: i32,
  }),
  fc.record({ ...request, kind: kind(CommandKind.SET_TIER), account, tier: u32 }),
  fc.record({
    ...request,
    kind: kind(CommandKind.CONFIGURE),
    minPrice: u64,
    maxPrice: u64,
    maxQuantity: u64,
    bandPpm: u32,
    maxOpenOrders: u32,
  }),
  fc.record({ ...request, kind: kind(CommandKind.SET_STATE), state: oneOf(MarketState) }),
  fc.record({ ...request, kind: kind(CommandKind.CLOCK) }),
  fc.record({ ...request, kind: kind(CommandKind.PURGE), account, side: anySide }),
);

export interface Sent {
  readonly role: 'client' | 'operator';
  readonly account: number;
  readonly commands: readonly Command[];
}

/** What one sender may put into one message. */
export const sent: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({
    role: fc.constant('client' as const),
    account,
    commands: fc.array(orderCommand, { minLength: 1, maxLength: 6 }),
  }),
  fc.record({
    role: fc.constant('operator' as const),
    account: fc.constant(0),
    commands: fc.array(adminCommand, { minLength: 1, maxLength: 6 }),
  }),
);

/** Whole records of random bytes. */
export const records = fc
  .array(fc.uint8Array({ minLength: RECORD_BYTES, maxLength: RECORD_BYTES }), { maxLength: 6 })
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
