/** Messages that the edge refuses, with the code that each must get. */
import { encode } from '@msgpack/msgpack';
import type { ResultName } from '../src/index.ts';
import { hexOf, type RefusalVector } from './json.ts';

type Patch = readonly [offset: number, ...bytes: number[]];

const CANCEL = 2;
const DEPOSIT = 16;

/** A binary message written by offset: header of `count` records, then `kinds`, then patches. */
function binary(kinds: readonly number[], ...patches: readonly Patch[]): Uint8Array {
  const bytes = Buffer.alloc(64 * (kinds.length + 1));
  bytes.set([0x46, 0x42, 1, 1, 0, 0, 0, 0, kinds.length & 0xff, kinds.length >> 8]);
  for (const [index, kind] of kinds.entries()) bytes[64 * (index + 1)] = kind;
  for (const [offset, ...values] of patches) bytes.set(values, offset);
  return bytes;
}

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const order = (changes: Readonly<Record<string, unknown>>) => ({
  v: 1,
  type: 'new',
  requestId: 1,
  clientOrderId: 7,
  side: 'buy',
  price: 100,
  quantity: 5,
  ...changes,
});
const map = (fields: unknown) => encode(fields, { useBigInt64: true });
const changed = (changes: Readonly<Record<string, unknown>>) => map(order(changes));
const without = (key: string) => {
  const fields: Record<string, unknown> = order({});
  delete fields[key];
  return map(fields);
};

function vector(
  code: ResultName,
  name: string,
  bytes: Uint8Array,
  role: 'client' | 'operator' = 'client',
): RefusalVector {
  return { name, role, account: role === 'client' ? 42 : 0, message: hexOf(bytes), code };
}

function binaryCases(): RefusalVector[] {
  return [
    vector('MALFORMED', 'binary: second byte is not "B"', binary([CANCEL], [1, 0x43])),
    vector('UNSUPPORTED_VERSION', 'binary: version 2', binary([CANCEL], [2, 2])),
    vector('UNSUPPORTED_VERSION', 'binary: version 0', binary([CANCEL], [2, 0])),
    vector('TOO_LARGE', 'binary: 1,025 records announced', binary([CANCEL], [8, 1, 4])),
    vector('TOO_LARGE', 'binary: 2^32 - 1 records', binary([CANCEL], [8, 255, 255, 255, 255])),
    vector('TRUNCATED', 'binary: one byte', hex('46')),
    vector('TRUNCATED', 'binary: 63 bytes', binary([]).subarray(0, 63)),
    vector('TRUNCATED', 'binary: a record is short', binary([CANCEL]).subarray(0, 127)),
    vector('TRUNCATED', 'binary: two records announced, one sent', binary([CANCEL], [8, 2])),
    vector('TRAILING_BYTES', 'binary: one record announced, two sent', binary([2, 2], [8, 1])),
    vector('TRAILING_BYTES', 'binary: a byte too many', Buffer.concat([binary([2]), hex('00')])),
    vector('EMPTY_BATCH', 'binary: no record', binary([])),
    vector('UNKNOWN_KIND', 'binary: a group is not for clients', binary([CANCEL], [3, 2])),
    vector('UNKNOWN_KIND', 'binary: flag 2 is not for commands', binary([CANCEL], [12, 2])),
    vector('UNKNOWN_KIND', 'binary: command kind 0', binary([0])),
    vector('UNKNOWN_KIND', 'binary: command kind 9', binary([9])),
    vector('UNKNOWN_KIND', 'binary: command kind 40', binary([40]), 'operator'),
    vector('UNKNOWN_KIND', 'binary: second record of kind 255', binary([CANCEL, 255])),
    vector('FIELD_RANGE', 'binary: log sequence of 2^53', binary([CANCEL], [22, 0x20])),
    vector('FIELD_RANGE', 'binary: account 2^24', binary([CANCEL], [68, 0, 0, 0, 1])),
    vector('FIELD_RANGE', 'binary: deposit to 2^24', binary([16], [68, 0, 0, 0, 1]), 'operator'),
    vector('FIELD_RANGE', 'binary: purge of 2^24', binary([39], [68, 0, 0, 0, 1]), 'operator'),
    vector('RESERVED_NOT_ZERO', 'binary: header byte 14', binary([CANCEL], [14, 1])),
    vector('RESERVED_NOT_ZERO', 'binary: command byte 10', binary([CANCEL], [74, 1])),
    vector('RESERVED_NOT_ZERO', 'binary: command byte 63', binary([CANCEL], [127, 1])),
    vector('RESERVED_NOT_ZERO', 'binary: cancel with a price', binary([CANCEL], [96, 1])),
    vector('RESERVED_NOT_ZERO', 'binary: cancel with an order type', binary([CANCEL], [67, 1])),
    vector('RESERVED_NOT_ZERO', 'binary: replace with a side', binary([3], [65, 1])),
    vector('RESERVED_NOT_ZERO', 'binary: amend with a price', binary([4], [96, 1])),
    vector('RESERVED_NOT_ZERO', 'binary: cancel all with an order id', binary([6], [88, 1])),
    vector('RESERVED_NOT_ZERO', 'binary: state with an account', binary([37], [68, 2]), 'operator'),
    vector('RESERVED_NOT_ZERO', 'binary: clock with a time', binary([38], [76, 1]), 'operator'),
    vector('RESERVED_NOT_ZERO', 'binary: epoch with account', binary([33], [68, 1]), 'operator'),
    vector('ACCOUNT_MISMATCH', "binary: another's account", binary([CANCEL], [68, 43])),
    vector('NOT_PERMITTED', 'binary: deposit by a client', binary([DEPOSIT])),
    vector('NOT_PERMITTED', 'binary: purge by a client', binary([39])),
    vector('NOT_PERMITTED', 'binary: cancel by an operator', binary([CANCEL]), 'operator'),
    vector('NOT_PERMITTED', 'binary: quote by an operator', binary([8]), 'operator'),
  ];
}

function shapeCases(): RefusalVector[] {
  return [
    vector('MALFORMED', 'empty message', hex('')),
    vector('MALFORMED', 'msgpack: JSON text', Buffer.from('{"v":1}')),
    vector('MALFORMED', 'msgpack: nil', hex('c0')),
    vector('MALFORMED', 'msgpack: an array', hex('91 01')),
    vector('MALFORMED', 'msgpack: a number as key', hex('81 01 01')),
    vector('MALFORMED', 'msgpack: the key v twice', hex('82 a176 01 a176 01')),
    vector('MALFORMED', 'msgpack: binary value', hex('81 a176 c400')),
    vector('MALFORMED', 'msgpack: timestamp', hex('81 a176 d6ff00000000')),
    vector('MALFORMED', 'msgpack: 32-bit float', hex('81 a176 ca3f800000')),
    vector('MALFORMED', 'msgpack: never used byte c1', hex('81 a176 c1')),
    vector('MALFORMED', 'msgpack: string that is not UTF-8', hex('81 a176 a2c328')),
    vector('MALFORMED', 'msgpack: nested too deep', hex('81 a176 91 91 91 91 01')),
    vector('MALFORMED', 'msgpack: a map of 25 keys', hex('de0019')),
    vector('MALFORMED', 'msgpack: command is a number', map({ v: 1, commands: [1] })),
    vector('UNSUPPORTED_VERSION', 'msgpack: no v', without('v')),
    vector('UNSUPPORTED_VERSION', 'msgpack: v is 2', changed({ v: 2 })),
    vector('UNSUPPORTED_VERSION', 'msgpack: v is text', changed({ v: '1' })),
    vector('TOO_LARGE', 'msgpack: 1,025 commands announced', hex('81 a8636f6d6d616e6473 dc0401')),
    vector('TOO_LARGE', 'msgpack: 2^32 - 1 values', hex('81 a176 ddffffffff')),
    vector('TRUNCATED', 'msgpack: map without its value', hex('81 a176')),
    vector('TRUNCATED', 'msgpack: string is short', hex('81 a5')),
    vector('TRAILING_BYTES', 'msgpack: a byte after the map', hex('81 a176 01 00')),
    vector('EMPTY_BATCH', 'msgpack: no commands', map({ v: 1, commands: [] })),
  ];
}

function fieldCases(): RefusalVector[] {
  const amend = { v: 1, type: 'amend', requestId: 1, clientOrderId: 7 };
  const create = { v: 1, type: 'create_market', requestId: 1 };
  const funds = { v: 1, type: 'deposit', requestId: 1, account: 42, asset: 'base', amount: 1 };
  return [
    vector('UNKNOWN_KIND', 'msgpack: no type', without('type')),
    vector('UNKNOWN_KIND', 'msgpack: type of an object', changed({ type: 'constructor' })),
    vector('FIELD_RANGE', 'msgpack: ack is "never"', changed({ ack: 'never' })),
    vector('FIELD_RANGE', 'msgpack: commands is a map', map({ v: 1, commands: {} })),
    vector('FIELD_RANGE', 'msgpack: key beside commands', map({ v: 1, commands: [], session: 1 })),
    vector('FIELD_RANGE', 'msgpack: v inside a command', map({ v: 1, commands: [order({})] })),
    vector('FIELD_RANGE', 'msgpack: no requestId', without('requestId')),
    vector('FIELD_RANGE', 'msgpack: no side', without('side')),
    vector('FIELD_RANGE', 'msgpack: side is 0', changed({ side: 0 })),
    vector('FIELD_RANGE', 'msgpack: side is "Buy"', changed({ side: 'Buy' })),
    vector('FIELD_RANGE', 'msgpack: session is 65,536', changed({ session: 65536 })),
    vector('FIELD_RANGE', 'msgpack: session is -1', changed({ session: -1 })),
    vector('FIELD_RANGE', 'msgpack: session is 0.5', changed({ session: 0.5 })),
    vector('FIELD_RANGE', 'msgpack: session is nil', changed({ session: null })),
    vector('FIELD_RANGE', 'msgpack: price is -1', changed({ price: -1 })),
    vector('FIELD_RANGE', 'msgpack: price is 1.5', changed({ price: 1.5 })),
    vector('FIELD_RANGE', 'msgpack: price is NaN', changed({ price: Number.NaN })),
    vector('FIELD_RANGE', 'msgpack: price is a float of 2^53', changed({ price: 2 ** 53 })),
    vector('FIELD_RANGE', 'msgpack: price is "2^64"', changed({ price: '18446744073709551616' })),
    vector('FIELD_RANGE', 'msgpack: price is "0x1"', changed({ price: '0x1' })),
    vector('FIELD_RANGE', 'msgpack: price is ""', changed({ price: '' })),
    vector('FIELD_RANGE', 'msgpack: orderType is 1', changed({ orderType: 1 })),
    vector('FIELD_RANGE', 'msgpack: timeInForce is "day"', changed({ timeInForce: 'day' })),
    vector('FIELD_RANGE', 'msgpack: selfTrade is "cancel"', changed({ selfTrade: 'cancel' })),
    vector('FIELD_RANGE', 'msgpack: side of an order is "both"', changed({ side: 'both' })),
    vector('FIELD_RANGE', 'msgpack: postOnly is 1', changed({ postOnly: 1 })),
    vector('FIELD_RANGE', 'msgpack: slide is nil', changed({ slide: null })),
    vector('FIELD_RANGE', 'msgpack: flags as a number', changed({ flags: 1 })),
    vector('FIELD_RANGE', 'msgpack: expireTime is 2^32', changed({ expireTime: 2 ** 32 })),
    vector('FIELD_RANGE', 'msgpack: expireTime is text', changed({ expireTime: '1700000000' })),
    vector('FIELD_RANGE', 'msgpack: stopPrice is -1', changed({ stopPrice: -1 })),
    vector('FIELD_RANGE', 'msgpack: delta is 2^63', map({ ...amend, delta: 2n ** 63n })),
    vector('FIELD_RANGE', 'msgpack: delta is "+1"', map({ ...amend, delta: '+1' })),
    vector('FIELD_RANGE', 'msgpack: an amend without delta', map(amend)),
    vector('FIELD_RANGE', 'msgpack: an amend with a price', map({ ...amend, delta: 1, price: 1 })),
    vector('FIELD_RANGE', 'msgpack: an order names an account', changed({ account: 42 })),
    vector('FIELD_RANGE', 'msgpack: key __proto__', changed({ ['__proto__']: {} })),
    vector(
      'FIELD_RANGE',
      'msgpack: deposit to 2^24',
      map({ ...funds, account: 2 ** 24 }),
      'operator',
    ),
    vector(
      'FIELD_RANGE',
      'msgpack: fee of 2^31',
      map({ ...create, makerFeePpm: 2 ** 31 }),
      'operator',
    ),
    vector(
      'FIELD_RANGE',
      'msgpack: a symbol of nine characters',
      map({ ...create, baseSymbol: 'ABCDEFGHI' }),
      'operator',
    ),
    vector(
      'FIELD_RANGE',
      'msgpack: a symbol beyond ASCII',
      map({ ...create, baseSymbol: 'B\u00c9' }),
      'operator',
    ),
    vector(
      'FIELD_RANGE',
      'msgpack: limits without the band',
      map({
        ...{ v: 1, type: 'configure', requestId: 1, minPrice: 1, maxPrice: 2 },
        ...{ maxQuantity: 3, maxOpenOrders: 4 },
      }),
      'operator',
    ),
    vector('NOT_PERMITTED', 'msgpack: deposit by a client', map(funds)),
    vector('NOT_PERMITTED', 'msgpack: order by an operator', changed({}), 'operator'),
  ];
}

export function refusalCases(): RefusalVector[] {
  return [...binaryCases(), ...shapeCases(), ...fieldCases()];
}
