/**
 * The event buffer: records of eight 64-bit words, handed to the host when it is full and at the
 * end of a call. Each writer sets all eight words, as the buffer is used again and again.
 *
 * ```
 * word  0                          1         2        3      4      5         6          7
 *       kind side code16 account32 sequence  depends on the kind: see shared/protocol layout.ts
 * ```
 */
import { reservePages } from './memory';
import {
  COMMAND_ACCOUNT,
  COMMAND_CLIENT_ORDER_ID,
  COMMAND_REQUEST_ID,
  COMMAND_SESSION,
  COMMAND_TIME_IN_FORCE,
  BOOK_DELTA,
  EPOCH_MARK,
  FEE,
  FUNDS,
  MARKET_CREATED,
  RECORD_BYTES,
  REJECTED,
  TRADE,
} from './protocol';
import { sequence } from './market';

@external('host', 'flushEvents')
declare function flushEvents(count: u32): void;

/** Two pages: enough to amortize a call to the host, small enough to stay in a cache. */
const EVENT_PAGES: u32 = 2;
const EVENT_CAPACITY: usize = 2_048;

export let eventBase: usize = 0;
let cursor: usize = 0;
let limit: usize = 0;

export function setUpEvents(): void {
  eventBase = reservePages(EVENT_PAGES);
  cursor = eventBase;
  limit = eventBase + EVENT_CAPACITY * RECORD_BYTES;
}

/** Hands what there is to the host. */
export function flush(): void {
  const count = <u32>((cursor - eventBase) / RECORD_BYTES);
  cursor = eventBase;
  if (count != 0) flushEvents(count);
}

// @ts-ignore: decorator
@inline
function write(head: u64, w2: u64, w3: u64, w4: u64, w5: u64, w6: u64, w7: u64): void {
  if (cursor == limit) flush();
  const at = cursor;
  cursor = at + RECORD_BYTES;
  store<u64>(at, head);
  store<u64>(at, sequence, 8);
  store<u64>(at, w2, 16);
  store<u64>(at, w3, 24);
  store<u64>(at, w4, 32);
  store<u64>(at, w5, 40);
  store<u64>(at, w6, 48);
  store<u64>(at, w7, 56);
}

// @ts-ignore: decorator
@inline
function head(kind: u32, side: u32, code: u32, account: u32): u64 {
  return <u64>(kind | (side << 8) | (code << 16)) | (<u64>account << 32);
}

// @ts-ignore: decorator
@inline
function requestOf(command: usize): u64 {
  return load<u64>(command, COMMAND_REQUEST_ID);
}

// @ts-ignore: decorator
@inline
function sessionOf(command: usize): u64 {
  return load<u16>(command, COMMAND_SESSION);
}

export function writeRejected(command: usize, code: u32): void {
  const account = load<u32>(command, COMMAND_ACCOUNT);
  const clientOrderId = load<u64>(command, COMMAND_CLIENT_ORDER_ID);
  const start = head(REJECTED, load<u8>(command), code, account);
  write(start, 0, clientOrderId, 0, 0, requestOf(command), sessionOf(command));
}

/** ACCEPTED or REPLACED: the order is named by the sequence of its command. */
// @ts-ignore: decorator
@inline
export function writePlaced(
  kind: u32,
  command: usize,
  side: u32,
  account: u32,
  clientOrderId: u64,
  price: u64,
  quantity: u64,
): void {
  const timeInForce = <u64>load<u8>(command, COMMAND_TIME_IN_FORCE);
  const last = sessionOf(command) | (timeInForce << 16);
  const start = head(kind, side, 0, account);
  write(start, sequence, clientOrderId, price, quantity, requestOf(command), last);
}

/** CANCELLED; `requestId` and `session` are 0 where nobody asked. */
// @ts-ignore: decorator
@inline
export function writeCancelled(
  start: u64,
  orderId: u64,
  clientOrderId: u64,
  price: u64,
  quantity: u64,
  requestId: u64,
  session: u64,
): void {
  write(start, orderId, clientOrderId, price, quantity, requestId, session);
}

// @ts-ignore: decorator
@inline
export function cancelledHead(kind: u32, side: u32, reason: u32, account: u32): u64 {
  return head(kind, side, reason, account);
}

// @ts-ignore: decorator
@inline
export function writeTrade(
  takerSide: u32,
  takerAccount: u32,
  makerOrderId: u64,
  price: u64,
  quantity: u64,
  makerClientOrderId: u64,
  makerAccount: u32,
): void {
  const start = head(TRADE, takerSide, 0, takerAccount);
  write(start, makerOrderId, sequence, price, quantity, makerClientOrderId, makerAccount);
}

export function writeFee(
  liquidity: u32,
  rebate: u32,
  account: u32,
  orderId: u64,
  clientOrderId: u64,
  amount: u64,
): void {
  write(head(FEE, liquidity, rebate, account), orderId, clientOrderId, 0, amount, 0, 0);
}

// @ts-ignore: decorator
@inline
export function writeDelta(side: u32, price: u64, quantity: u64, orders: u32): void {
  write(head(BOOK_DELTA, side, 0, 0), 0, 0, price, quantity, orders, 0);
}

export function writeFunds(
  command: usize,
  asset: u32,
  amount: u64,
  available: u64,
  held: u64,
): void {
  const start = head(FUNDS, asset, load<u8>(command), load<u32>(command, COMMAND_ACCOUNT));
  write(start, amount, available, held, 0, requestOf(command), sessionOf(command));
}

export function writeCreated(command: usize, makerPpm: i32, takerPpm: i32): void {
  const rates = <u64>(<u32>makerPpm) | (<u64>(<u32>takerPpm) << 32);
  write(head(MARKET_CREATED, 0, 0, 0), rates, 0, 0, 0, requestOf(command), sessionOf(command));
}

export function writeEpoch(
  epoch: u64,
  recordFirst: u64,
  recordCount: u64,
  stateHash: u64,
  sequenceFirst: u64,
  timeNs: u64,
): void {
  const start = head(EPOCH_MARK, 0, 0, 0);
  write(start, epoch, recordFirst, recordCount, stateHash, sequenceFirst, timeNs);
}
