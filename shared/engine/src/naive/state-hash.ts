/** The state hash of RULES.md, section 9, added up from scratch. */
import { OrderFlag } from '@foldbook/protocol';
import type { Ledger } from './ledger.ts';
import type { Market } from './market.ts';
import type { Order } from './order.ts';
import type { Result, Session } from './sessions.ts';

const MASK = 2n ** 64n - 1n;
const MARKET_TAG = 1n;
const ORDER_TAG = 2n;
const TERMS_TAG = 3n;
const ACCOUNT_TAG = 4n;
const SESSION_TAG = 5n;

const P0 = 0x9e3779b97f4a7c15n;
const P1 = 0xff51afd7ed558ccdn;
const P2 = 0xc4ceb9fe1a85ec53n;
const P3 = 0xd6e8feb86659fd93n;
const P4 = 0xa0761d6478bd642fn;
const P5 = 0xe7037ed1a0b428dbn;
const P6 = 0x8ebc6af09c88c6e3n;
const P7 = 0x589965cc75374cc3n;
const PRIMES = [P0, P1, P2, P3, P4, P5, P6, P7] as const;

export function scramble(word: bigint): bigint {
  let x = word & MASK;
  x ^= x >> 30n;
  x = (x * 0xbf58476d1ce4e5b9n) & MASK;
  x ^= x >> 27n;
  x = (x * 0x94d049bb133111ebn) & MASK;
  return x ^ (x >> 31n);
}

function weight(tag: bigint, ...words: readonly bigint[]): bigint {
  return scramble(words.reduce((sum, word, index) => sum + word * (PRIMES[index] ?? 0n), tag));
}

export function stateHash(market: Market): bigint {
  let sum = marketTerm(market);
  for (const order of market.orders.all()) sum += orderTerm(order) + termsTerm(order);
  for (const [account, state] of market.ledger.all()) sum += accountTerm(account, state);
  for (const session of market.sessions.all()) sum += sessionTerm(session);
  return sum & MASK;
}

function marketTerm(market: Market): bigint {
  const { creation, epoch, limits, tiers } = market;
  const words = [
    creation === undefined ? 0 : 1,
    market.state,
    market.sequence,
    market.timeNs,
    market.lastPrice,
    market.arrivals,
    epoch.number,
    epoch.recordFirst,
    epoch.recordCount,
    epoch.sequenceFirst,
    creation?.baseSymbol ?? 0,
    creation?.quoteSymbol ?? 0,
    creation?.priceDecimals ?? 0,
    creation?.quantityDecimals ?? 0,
    creation?.maxFeePpm ?? 0,
    limits.minPrice,
    limits.maxPrice,
    limits.maxQuantity,
    limits.bandPpm,
    limits.maxOpenOrders,
    ...tiers.flatMap(({ makerPpm, takerPpm }) => [makerPpm >>> 0, takerPpm >>> 0]),
  ];
  return words.reduce<bigint>((hash, word) => scramble(hash + BigInt(word) * P0), MARKET_TAG);
}

function orderTerm(order: Order): bigint {
  const { orderId, clientOrderId, price, priority, displayed, hidden } = order;
  const owner = BigInt(order.account + order.side * 2 ** 24);
  const ofOrder = weight(ORDER_TAG, orderId, clientOrderId, owner, price, priority);
  return ofOrder * (displayed * P0 + hidden * P1);
}

function termsTerm(order: Order): bigint {
  const { orderId, displaySize, stopPrice, expireTime } = order;
  const flags = order.flags & (OrderFlag.POST_ONLY | OrderFlag.SLIDE);
  const attributes =
    order.type + order.timeInForce * 2 ** 8 + order.selfTrade * 2 ** 16 + flags * 2 ** 24;
  const isPlain = displaySize === 0n && stopPrice === 0n && expireTime === 0 && attributes === 0;
  if (isPlain) return 0n;
  const expiry = BigInt(expireTime);
  return weight(TERMS_TAG, orderId, BigInt(attributes), displaySize, stopPrice, expiry);
}

function accountTerm(account: number, state: ReturnType<Ledger['of']>): bigint {
  const content =
    state.baseAvailable * P0 +
    state.baseHeld * P1 +
    state.quoteAvailable * P2 +
    state.quoteHeld * P3 +
    BigInt(state.tier) * P4 +
    state.deadlineNs * P5;
  return weight(ACCOUNT_TAG, BigInt(account)) * content;
}

function sessionTerm({ account, session, lastId, digest }: Session): bigint {
  return weight(SESSION_TAG, BigInt(account), BigInt(session)) * (lastId * P0 + digest * P1);
}

/** What a request adds to the digest of its session. */
export function resultDigest({ requestId, sequence, code }: Result): bigint {
  return requestId * P2 + sequence * P3 + BigInt(code);
}
