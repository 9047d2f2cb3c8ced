/** What a market answers of transfers: how far it judged those that came, and its supply. */
import {
  BalanceOffset,
  isMsgpackMap,
  PROTOCOL_VERSION,
  ResultCode,
  readMsgpack,
  transferSession,
  viewOf,
} from '@foldbook/protocol';
import { encode } from '@msgpack/msgpack';
import { z } from 'zod';
import type { Market } from './market-registry.ts';

const decimal = z.string().regex(/^[0-9]{1,20}$/);

const arrivedSchema = z.object({
  v: z.literal(PROTOCOL_VERSION),
  code: z.literal(ResultCode.OK),
  last: decimal,
  refused: z.array(z.tuple([decimal, z.int()])),
});

const ANSWER_LIMITS = { depth: 3, arrayLength: 4_096, mapLength: 32, stringBytes: 4_096 };

export const encodeArrivedQuestion = (partition: number) =>
  encode({ v: PROTOCOL_VERSION, arrived: partition });

/** Of what comes from the partition. */
export function encodeArrived(market: Market, partition: number): Uint8Array {
  const { last, refused } = market.transfers.arrivalsOf(transferSession(partition));
  return encode({
    v: PROTOCOL_VERSION,
    code: ResultCode.OK,
    market: market.name,
    last: `${last}`,
    refused: refused.map(({ position, code }) => [`${position}`, code]),
  });
}

export interface Arrived {
  /** Position of the last transfer that was judged. */
  readonly last: bigint;
  /** The codes of the last ones that were refused, by position. */
  readonly refused: ReadonlyMap<bigint, number>;
}

/** @throws Error for a refusal, and for anything that is no such answer */
export function readArrived(payload: Uint8Array): Arrived {
  const map = readMsgpack(payload, ANSWER_LIMITS);
  if (!map.ok || !isMsgpackMap(map.value)) throw new Error('no msgpack map');
  const { value } = map;
  const name = value.get('name');
  const fields = ['v', 'code', 'last', 'refused'].map((key) => [key, value.get(key)]);
  const parsed = arrivedSchema.safeParse(Object.fromEntries(fields));
  if (!parsed.success) throw new Error(typeof name === 'string' ? name : 'another answer');
  const { last, refused } = parsed.data;
  const codes = refused.map(([position, code]) => [BigInt(position), code] as const);
  return { last: BigInt(last), refused: new Map(codes) };
}

/** @param balance - the BALANCE record of account 0, of the instant of the market's facts */
export function encodeSupply(market: Market, balance: Uint8Array, sequence: number): Uint8Array {
  const view = viewOf(balance);
  const { deposited, withdrawn, peers, outgoing } = market.transfers.save();
  const { baseSymbol, quoteSymbol, priceDecimals, quantityDecimals } = market.terms.facts();
  const supplyAt = (offset: number) => `${view.getBigUint64(offset, true)}`;
  return encode({
    v: PROTOCOL_VERSION,
    code: ResultCode.OK,
    market: market.name,
    partition: market.partition,
    sequence,
    symbols: [baseSymbol, quoteSymbol],
    decimals: [quantityDecimals, priceDecimals + quantityDecimals],
    supply: [supplyAt(BalanceOffset.BASE_AVAILABLE), supplyAt(BalanceOffset.QUOTE_AVAILABLE)],
    deposited,
    withdrawn,
    peers,
    unsettled: outgoing.length,
  });
}
