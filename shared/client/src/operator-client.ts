/** An operator's commands: markets, deposits, withdrawals, epochs. Low in number, each awaited. */
import {
  type AdminCommand,
  type AnySide,
  type Asset,
  adminSubject,
  BOTH_SIDES,
  CommandKind,
  type CreateMarket,
  decodeReply,
  encodeCommands,
  infoSubject,
  type MarketEvent,
  type MarketState,
  PROTOCOL_VERSION,
  querySubject,
  ResultCode,
} from '@foldbook/protocol';
import { type Clock, systemClock, type Transport } from '@foldbook/runtime';
import { decode, encode } from '@msgpack/msgpack';
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

/** What a market is created with besides its first rates; see CREATE_MARKET in RULES.md. */
export type MarketTerms = Pick<
  CreateMarket,
  'maxFeePpm' | 'baseSymbol' | 'quoteSymbol' | 'priceDecimals' | 'quantityDecimals'
>;

export interface MarketMove {
  readonly market: string;
  readonly from: number;
  /** Where it is now. */
  readonly host: number;
  /** From its last command there until its first one here could run; 0 if it was here. */
  readonly tookMs: number;
  /** Groups of commands that came meanwhile; they ran right after it. */
  readonly held: number;
}

/** Each undefined for none. */
export interface MarketLimits {
  /** Ticks. */
  readonly minPrice?: bigint;
  readonly maxPrice?: bigint;
  /** Lots. */
  readonly maxQuantity?: bigint;
  /** How far a price may be from the last trade's, parts per million. */
  readonly bandPpm?: number;
  /** Of an account. */
  readonly maxOpenOrders?: number;
}

const NO_LIMITS = {
  minPrice: 0n,
  maxPrice: 0n,
  maxQuantity: 0n,
  bandPpm: 0,
  maxOpenOrders: 0,
} as const satisfies Required<MarketLimits>;

/** A market with millions of orders takes some seconds. */
const MOVE_TIMEOUT_MS = 60_000;

type AdminDraft = DistributiveOmit<AdminCommand, 'session' | 'requestId'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export class OperatorClient {
  readonly #transport: Transport;
  readonly #market: string;
  readonly #session: number;
  #nextRequestId: number;

  /** @param clock - request ids begin with its microseconds */
  constructor(transport: Transport, market: string, session = 0, clock: Clock = systemClock) {
    this.#nextRequestId = Number(clock.nowNs() / 1_000n);
    this.#transport = transport;
    this.#market = market;
    this.#session = session;
  }

  /** Answers MARKET_CREATED, or the rejection. Rates in parts per million, signed. */
  createMarket(
    makerFeePpm: number,
    takerFeePpm: number,
    terms: MarketTerms = {},
  ): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.CREATE_MARKET, makerFeePpm, takerFeePpm, ...terms });
  }

  deposit(account: number, asset: Asset, amount: bigint): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.DEPOSIT, account, asset, amount });
  }

  withdraw(account: number, asset: Asset, amount: bigint): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.WITHDRAW, account, asset, amount });
  }

  /** Moves fees that the market has taken to an account; quote units. */
  collectFees(account: number, amount: bigint): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.COLLECT_FEES, account, amount });
  }

  /** The rates of a fee tier, in parts per million. */
  setFees(tier: number, makerFeePpm: number, takerFeePpm: number): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.SET_FEES, tier, makerFeePpm, takerFeePpm });
  }

  /** Moves an account to a fee tier. */
  setTier(account: number, tier: number): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.SET_TIER, account, tier });
  }

  /** Sets all limits of the market; what is left out is none. */
  configure(limits: MarketLimits): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.CONFIGURE, ...NO_LIMITS, ...limits });
  }

  /** Opens the market, halts it, or lets it take cancels only. */
  setState(state: MarketState): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.SET_STATE, state });
  }

  /** Cancels up to 1,024 orders: of one account, or of all (0). */
  purge(account: number, side: AnySide = BOTH_SIDES): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.PURGE, account, side });
  }

  closeEpoch(): Promise<MarketEvent> {
    return this.#command({ kind: CommandKind.CLOSE_EPOCH });
  }

  info(): Promise<MarketInfo> {
    return this.#facts<MarketInfo>(infoSubject(this.#market), new Uint8Array(0));
  }

  /**
   * Moves the market to another host of its process while it goes on; no command is lost or
   * overtaken. Resolves when it is there.
   */
  move(host: number): Promise<MarketMove> {
    const payload = encode({ v: PROTOCOL_VERSION, host });
    return this.#facts<MarketMove>(querySubject(this.#market, 0), payload, MOVE_TIMEOUT_MS);
  }

  async #facts<Facts>(subject: string, payload: Uint8Array, timeoutMs?: number): Promise<Facts> {
    const answer = decode(await ask(this.#transport, subject, payload, timeoutMs));
    if (typeof answer !== 'object' || answer === null) {
      throw new ClientError('BAD_ANSWER', `${subject}: not a map`);
    }
    const facts = answer as Facts & Partial<Record<'code' | 'name' | 'detail', unknown>>;
    if (facts.code === ResultCode.OK) return facts;
    throw new ClientError(
      'REFUSED',
      `${subject}: ${facts.name ?? facts.code} ${facts.detail ?? ''}`,
    );
  }

  async #command(draft: AdminDraft): Promise<MarketEvent> {
    const requestId = BigInt(this.#nextRequestId);
    this.#nextRequestId += 1;
    const command: AdminCommand = { ...draft, session: this.#session, requestId };
    const subject = adminSubject(this.#market);
    const reply = decodeReply(await ask(this.#transport, subject, encodeCommands([command])));
    if (!reply.ok) throw new ClientError('BAD_ANSWER', `${subject}: ${reply.detail}`);
    const { code, name, detail, events } = reply.value;
    if (code !== ResultCode.OK) throw new ClientError('REFUSED', `${subject}: ${name} ${detail}`);
    // The answer comes last: orders that a PURGE cancels are told before it.
    const event = events.at(-1);
    if (event === undefined) throw new ClientError('BAD_ANSWER', `${subject}: no event`);
    return event;
  }
}
