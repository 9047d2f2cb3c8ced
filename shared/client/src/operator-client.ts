/** An operator's commands: markets, deposits, withdrawals, epochs. Low in number, each awaited. */
import {
  type AdminCommand,
  type AnySide,
  Asset,
  adminSubject,
  BOTH_SIDES,
  CommandKind,
  type CreateMarket,
  decodeReply,
  encodeCommands,
  type MarketEvent,
  type MarketState,
  PROTOCOL_VERSION,
  querySubject,
  ResultCode,
} from '@foldbook/protocol';
import { type Clock, systemClock, type Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';
import { askFacts, askInfo, type MarketInfo } from './market-info.ts';

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

/** From an account of this market to one of another. */
export interface TransferOrder {
  readonly account: number;
  readonly asset: Asset;
  readonly amount: bigint;
  /** The other market; on any partition of the venue. */
  readonly to: string;
  /** Default: the same account. */
  readonly toAccount?: number | undefined;
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

/** Symbol and decimals of one of a market's assets; a quote unit is a tick for a lot. */
function unitOf(info: MarketInfo, asset: Asset): { symbol: string; decimals: number } {
  const { baseSymbol, quoteSymbol, priceDecimals, quantityDecimals } = info;
  return asset === Asset.BASE
    ? { symbol: baseSymbol, decimals: quantityDecimals }
    : { symbol: quoteSymbol, decimals: priceDecimals + quantityDecimals };
}

function sameAsset(from: MarketInfo, asset: Asset, to: MarketInfo): Asset {
  const { symbol, decimals } = unitOf(from, asset);
  const found = [Asset.BASE, Asset.QUOTE].find((other) => {
    const unit = unitOf(to, other);
    return symbol !== '' && unit.symbol === symbol && unit.decimals === decimals;
  });
  if (found !== undefined) return found;
  const what = symbol === '' ? 'an asset without a symbol' : `${symbol} in 10^-${decimals}`;
  const subject = adminSubject(from.market);
  throw new ClientError('REFUSED', `${subject}: OTHER_ASSET ${to.market} does not have ${what}`);
}

export class OperatorClient {
  readonly #transport: Transport;
  readonly #market: string;
  readonly #session: number;
  /** Markets that were part of a transfer, as they were then. */
  readonly #known = new Map<string, MarketInfo>();
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

  /**
   * Moves an amount to another market that has the same asset. Answers FUNDS once it is paid; from
   * then on it arrives there, or comes back if that market refuses it, once, whatever fails.
   * @throws ClientError REFUSED if the other market is unknown or does not have the asset
   */
  async transfer({
    account,
    asset,
    amount,
    to,
    toAccount = account,
  }: TransferOrder): Promise<MarketEvent> {
    const toAsset = sameAsset(await this.#assetsOf(this.#market), asset, await this.#assetsOf(to));
    const funds = { account, asset, amount };
    return this.#command({
      kind: CommandKind.WITHDRAW,
      ...funds,
      toMarket: to,
      toAccount,
      toAsset,
    });
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
    return askInfo(this.#transport, this.#market);
  }

  /**
   * Moves the market to another host of its process while it goes on; no command is lost or
   * overtaken. Resolves when it is there.
   */
  move(host: number): Promise<MarketMove> {
    const payload = encode({ v: PROTOCOL_VERSION, host });
    const subject = querySubject(this.#market, 0);
    return askFacts<MarketMove>(this.#transport, subject, payload, MOVE_TIMEOUT_MS);
  }

  /** They never change. A market that is away for a while can be paid all the same. */
  async #assetsOf(market: string): Promise<MarketInfo> {
    const known = this.#known.get(market);
    if (known !== undefined) return known;
    const info = await askInfo(this.#transport, market);
    // Before its creation has run it has none.
    if (info.baseSymbol !== '' || info.quoteSymbol !== '') this.#known.set(market, info);
    return info;
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
