/** What a market says of itself to anybody who asks. */
import { infoSubject, ResultCode } from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { decode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';

export interface MarketInfo {
  readonly market: string;
  readonly id: number;
  readonly partition: number;
  /** Market sequence of the last command. */
  readonly sequence: number;
  /** Of the partition's owner; `generation` of its market data. */
  readonly term: number;
  /** What "acknowledged" survives: the log's storage, replicas and sync. */
  readonly durability: string;
  /** Number of the thread that it lives on, of so many from 0. */
  readonly host: number;
  readonly hosts: number;
  /** Core of that thread; null where it could not be pinned. */
  readonly core: number | null;
  readonly pending: number;
  readonly openRecords: number;
  /** Ed25519 key that receipts are signed with, hex; null where none are. */
  readonly receiptKey: string | null;
  /** The operator's certificate of it, hex; null where there is none. */
  readonly receiptCertificate: string | null;
  readonly commands: number;
  readonly trades: number;
  readonly deltas: number;
  readonly groups: number;
  /** open, halted or cancel_only. */
  readonly state: string;
  readonly baseSymbol: string;
  readonly quoteSymbol: string;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly maxFeePpm: number;
  /** Limits: ticks, lots, parts per million, orders; 0 is none. */
  readonly minPrice: number;
  readonly maxPrice: number;
  readonly maxQuantity: number;
  readonly bandPpm: number;
  readonly maxOpenOrders: number;
  /** The rates of each tier, parts per million. */
  readonly tiers: readonly {
    readonly tier: number;
    readonly makerFeePpm: number;
    readonly takerFeePpm: number;
  }[];
}

/** Throws ClientError UNREACHABLE, REFUSED or BAD_ANSWER. */
export function askInfo(transport: Transport, market: string): Promise<MarketInfo> {
  return askFacts<MarketInfo>(transport, infoSubject(market), new Uint8Array(0));
}

/** A question that a map of facts answers. */
export async function askFacts<Facts>(
  transport: Transport,
  subject: string,
  payload: Uint8Array,
  timeoutMs?: number,
): Promise<Facts> {
  const answer = decode(await ask(transport, subject, payload, timeoutMs));
  if (typeof answer !== 'object' || answer === null) {
    throw new ClientError('BAD_ANSWER', `${subject}: not a map`);
  }
  const facts = answer as Facts & Partial<Record<'code' | 'name' | 'detail', unknown>>;
  if (facts.code === ResultCode.OK) return facts;
  const name = String(facts.name ?? facts.code);
  const words = `${subject}: ${name} ${facts.detail ?? ''}`;
  throw new ClientError('REFUSED', words, { refusal: name });
}
