/** Command flows made from a seed: the same seed gives the same bytes on every machine. */
import {
  Account,
  BOTH_SIDES,
  CommandKind,
  MAX_ACCOUNT,
  MAX_AMOUNT,
  MAX_FEE_PPM,
  MarketState,
  OrderFlag,
  RECORD_BYTES,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import { type CommandFields, commandRecord, concatenate, setFields } from './command-record.ts';
import type { CommandGroup } from './compare-engines.ts';
import { Dice } from './dice.ts';
import type { EngineOptions } from './engine.ts';
import { type OrderRange, RandomOrders } from './random-orders.ts';
import { RandomRequests } from './random-requests.ts';

/** Accounts that a flow deposits to. */
export const FLOW_ACCOUNTS: readonly number[] = [2, 3, 4, 700, MAX_ACCOUNT];

/** What a flow of 20,000 commands uses up now and then. */
export const FLOW_CAPACITY: Required<EngineOptions> = {
  orderCapacity: 150,
  levelCapacity: 24,
  sessionCapacity: 290,
  resultCapacity: 4_096,
  matchLimit: 12,
  triggerLimit: 2,
};

/** How often each kind of command comes, among all. */
export interface FlowWeights {
  readonly order: number;
  readonly cancel: number;
  readonly replace: number;
  readonly amend: number;
  readonly quote: number;
  readonly cancelOrder: number;
  readonly cancelAll: number;
  readonly cancelAfter: number;
  readonly funds: number;
  readonly epoch: number;
  readonly admin: number;
  readonly purge: number;
  readonly state: number;
  readonly clock: number;
  /** The same request again, or one that comes too late. */
  readonly repeated: number;
  /** Fields that make no sense, or bytes that are no command at all. */
  readonly garbage: number;
}

export interface FlowOptions extends Partial<OrderRange> {
  readonly weights?: Partial<FlowWeights>;
}

const WEIGHTS: FlowWeights = {
  order: 460,
  cancel: 90,
  replace: 90,
  amend: 60,
  quote: 60,
  cancelOrder: 40,
  cancelAll: 4,
  cancelAfter: 8,
  funds: 40,
  epoch: 8,
  admin: 24,
  purge: 2,
  state: 6,
  clock: 4,
  repeated: 20,
  garbage: 45,
};

const MAX_GROUP = 64;
const START_NS = 1_700_000_000_000_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const MAX_FEE = 4_000;
/** In all pairs maker and taker together are not negative. */
/** With these in all tiers, one may have either rebate. */
const FEE_RATES: readonly Rates[] = [
  [1_000, 2_500],
  [200, 200],
  [450, 201],
];
const REBATES: readonly (readonly Rates[])[] = [
  [[-200, 300], [-200, 4_000], ...FEE_RATES],
  [[300, -200], [4_000, -200], ...FEE_RATES],
];
/** Commands after which the other side gets rebates. */
const REBATE_PHASE = 5_000;
type Rates = readonly [maker: number, taker: number];

/**
 * A market's life: creation, money, then everything that clients and operators do, around a price
 * which wanders and at times jumps far away, with a few commands in a hundred that make no sense.
 */
export class RandomFlow {
  readonly #dice: Dice;
  readonly #requests: RandomRequests;
  readonly #orders: RandomOrders;
  readonly #weights: FlowWeights;
  readonly #accounts: readonly number[];
  #timeNs = START_NS;
  /** Commands so far: the sequence of the last one, and so the id of the order it placed. */
  #sequence = 0;
  #isOpen = true;

  constructor(seed: number, options: FlowOptions = {}) {
    this.#dice = new Dice(seed);
    this.#weights = { ...WEIGHTS, ...options.weights };
    this.#accounts = options.accounts ?? FLOW_ACCOUNTS;
    const range = { accounts: this.#accounts, spread: 20, names: 120, ...options };
    this.#orders = new RandomOrders(this.#dice, range);
    this.#requests = new RandomRequests(this.#dice, this.#accounts.at(-1) ?? 2);
  }

  /** Groups of at most 64 commands, `commands` in all. */
  *groups(commands: number): Generator<CommandGroup> {
    const opening = this.#opening().slice(0, commands);
    this.#sequence = opening.length;
    yield { records: concatenate(opening), count: opening.length, timeNs: this.#timeNs };
    for (let left = commands - opening.length; left > 0; ) {
      const count = Math.min(left, 1 + this.#dice.below(MAX_GROUP));
      const records: Uint8Array[] = [];
      this.#passTime();
      for (let index = 0; index < count; index += 1) {
        this.#sequence += 1;
        records.push(this.#command());
      }
      yield { records: concatenate(records), count, timeNs: this.#timeNs };
      left -= count;
    }
  }

  /**
   * A market that runs away, `legs` times: thousands of bids, each the best so far, hundreds of
   * thousands of ticks from where the last ones were, towards offers that lay there before. Part of
   * them is cancelled, some are sold to. About 9,000 commands a leg.
   */
  *runaway(legs: number): Generator<CommandGroup> {
    const opening = this.#opening();
    yield { records: concatenate(opening), count: opening.length, timeNs: this.#timeNs };
    for (let leg = 1; leg <= legs; leg += 1) {
      // A multiple of a power of two apart, so that new prices meet the slots of old ones.
      const start = leg * 7 * 65_536 + this.#dice.below(1_000);
      const offers = Array.from({ length: 200 }, (_, index) =>
        this.#lot(Side.SELL, leg * 100_000 + index, start + 9_000 + this.#dice.below(90_000)),
      );
      yield { records: concatenate(offers), count: offers.length, timeNs: this.#timeNs };
      for (let first = 0; first < 6_000; first += 60) {
        const bids: Uint8Array[] = [];
        for (let index = first; index < first + 60; index += 1) {
          const id = leg * 100_000 + 1_000 + index;
          bids.push(this.#lot(Side.BUY, id, start + index));
          if (!this.#dice.oneIn(3)) bids.push(this.#cancelLot(Side.BUY, id));
          if (this.#dice.oneIn(20)) bids.push(this.#lot(Side.SELL, 1, start));
        }
        yield { records: concatenate(bids), count: bids.length, timeNs: this.#timeNs };
      }
    }
  }

  #lot(side: Side, clientOrderId: number, price: number): Uint8Array {
    const account = side + 2;
    const order = { account, side, clientOrderId, price, quantity: 1, session: 1 };
    return this.#requests.fresh({ kind: CommandKind.NEW, ...order });
  }

  #cancelLot(side: Side, clientOrderId: number): Uint8Array {
    return this.#requests.fresh({ kind: CommandKind.CANCEL, account: side + 2, clientOrderId });
  }

  /** Stamps mostly rise; the engine has to cope when they don't. */
  #passTime(): void {
    const isLong = this.#dice.oneIn(6);
    const step = isLong ? this.#dice.below(3_000_000_000) : this.#dice.below(1_000) - 100;
    this.#timeNs += BigInt(step);
    // Deadlines are whole seconds: some groups come exactly then.
    if (this.#dice.oneIn(30)) this.#timeNs = (this.#timeNs / NS_PER_SECOND + 1n) * NS_PER_SECOND;
  }

  #opening(): Uint8Array[] {
    const create = { kind: CommandKind.CREATE_MARKET };
    const [makerFeePpm, takerFeePpm] = this.#dice.pick(FEE_RATES);
    const isNamed = this.#dice.oneIn(2);
    const symbols = isNamed ? { baseSymbol: 'BTC', quoteSymbol: 'USD-1.0' } : {};
    const decimals = { priceDecimals: this.#dice.below(19), quantityDecimals: 8 };
    const maxFeePpm = this.#dice.oneIn(3) ? MAX_FEE_PPM : MAX_FEE;
    const good = { ...create, makerFeePpm, takerFeePpm, maxFeePpm, ...symbols, ...decimals };
    const early = this.#accounts.slice(0, 2).map((account) => this.#funds(account));
    return [
      ...early,
      ...[
        { ...good, makerFeePpm: -MAX_FEE_PPM - 1 },
        { ...good, baseSymbol: 'btc' },
        { ...good, priceDecimals: 19 },
        good,
      ].map((fields) => this.#requests.fresh(fields)),
      ...this.#accounts.flatMap((account, index) => this.#endowment(account, index)),
    ];
  }

  /** The third account is poor. */
  #endowment(account: number, index: number): Uint8Array[] {
    const [base, quote] = index === 2 ? [300n, 100_000n] : [1_000_000n, 2n ** 50n];
    return [base, quote].map((amount, asset) =>
      this.#requests.fresh({ kind: CommandKind.DEPOSIT, account, asset, amount }),
    );
  }

  #command(): Uint8Array {
    const dice = this.#dice;
    this.#orders.wander();
    // A market that is not open would answer all the same.
    if (!this.#isOpen && dice.oneIn(15)) return this.#setState(MarketState.OPEN);
    const what = dice.weighted(this.#weights);
    switch (what) {
      case 'order':
        return this.#order(CommandKind.NEW);
      case 'replace':
        return this.#order(CommandKind.REPLACE);
      case 'quote':
        return this.#quote();
      case 'cancel':
      case 'amend':
      case 'cancelOrder':
      case 'cancelAll':
      case 'cancelAfter':
        return this.#change(what);
      case 'funds':
        return this.#funds(dice.pick(this.#accounts));
      case 'repeated':
        return this.#repeated();
      case 'garbage':
        return this.#garbage();
      default:
        return this.#administration(what);
    }
  }

  #order(kind: typeof CommandKind.NEW | typeof CommandKind.REPLACE): Uint8Array {
    const isNew = kind === CommandKind.NEW;
    const account = this.#dice.pick(this.#accounts);
    const order = isNew ? { account, clientOrderId: this.#orders.name() } : this.#orders.anOrder();
    this.#orders.remember(this.#sequence, order.account, order.clientOrderId);
    const { clientOrderId } = order;
    const description = this.#orders.description(this.#timeNs);
    const inPlace = isNew || !this.#dice.oneIn(2) ? 0 : OrderFlag.KEEP_PRIORITY;
    const flags = Number(description.flags) | inPlace;
    const fields = { ...description, kind, account: order.account, clientOrderId, flags };
    return this.#requests.fresh(fields);
  }

  #quote(): Uint8Array {
    const account = this.#dice.pick(this.#accounts);
    const side = this.#dice.below(2);
    const isEnd = this.#dice.oneIn(4);
    const quantity = isEnd ? 0 : 1 + this.#dice.below(50);
    const price = isEnd && !this.#dice.oneIn(10) ? 0 : this.#orders.priceOf(side);
    const timeInForce = this.#dice.pick([TimeInForce.GTC, TimeInForce.POST_ONLY]);
    // Few names, so that quotes meet their own.
    const clientOrderId = this.#dice.below(4);
    this.#orders.remember(this.#sequence, account, clientOrderId);
    const order = { account, side, price, quantity, timeInForce, clientOrderId };
    return this.#requests.fresh({ kind: CommandKind.QUOTE, ...order });
  }

  #change(what: 'cancel' | 'amend' | 'cancelOrder' | 'cancelAll' | 'cancelAfter'): Uint8Array {
    const dice = this.#dice;
    const { account, clientOrderId, orderId } = this.#orders.anOrder();
    const fresh = (fields: CommandFields) => this.#requests.fresh({ account, ...fields });
    switch (what) {
      case 'cancel':
        return fresh({ kind: CommandKind.CANCEL, clientOrderId });
      case 'amend': {
        const quantity = dice.below(60) - (dice.oneIn(2) ? 50 : 20);
        return fresh({ kind: CommandKind.AMEND, clientOrderId, quantity });
      }
      case 'cancelOrder': {
        const by = dice.oneIn(8) ? dice.pick(this.#accounts) : account;
        return fresh({ kind: CommandKind.CANCEL_ORDER, account: by, orderId });
      }
      case 'cancelAll':
        return fresh({ kind: CommandKind.CANCEL_ALL, side: dice.below(dice.oneIn(5) ? 4 : 3) });
      case 'cancelAfter':
        return fresh({ kind: CommandKind.CANCEL_AFTER, timeout: dice.below(40) });
      default: {
        const unknown: never = what;
        throw new Error(`no such change ${String(unknown)}`);
      }
    }
  }

  #funds(account: number): Uint8Array {
    const dice = this.#dice;
    if (dice.oneIn(8)) return this.#collectFees(account);
    const kind = dice.oneIn(2) ? CommandKind.DEPOSIT : CommandKind.WITHDRAW;
    const asset = dice.below(2);
    const some = dice.below(dice.oneIn(4) ? 2_000_000 : 3_000);
    const amount = dice.oneIn(50) ? MAX_AMOUNT : some;
    return this.#requests.fresh({ kind, account, asset, amount });
  }

  /** At times all there is, as far as that can be guessed. */
  #collectFees(to: number): Uint8Array {
    const account = this.#dice.oneIn(10) ? Account.FEES : to;
    const amount = this.#dice.below(this.#dice.oneIn(4) ? 3_000 : 60);
    return this.#requests.fresh({ kind: CommandKind.COLLECT_FEES, account, amount });
  }

  #administration(what: 'epoch' | 'admin' | 'purge' | 'state' | 'clock'): Uint8Array {
    const dice = this.#dice;
    switch (what) {
      case 'epoch':
        return this.#withoutRequest({ kind: CommandKind.CLOSE_EPOCH });
      case 'clock':
        return this.#withoutRequest({ kind: CommandKind.CLOCK });
      case 'purge': {
        const account = dice.pick([0, 1, ...this.#accounts]);
        const side = dice.below(dice.oneIn(4) ? 4 : BOTH_SIDES + 1);
        return this.#requests.fresh({ kind: CommandKind.PURGE, account, side });
      }
      case 'state':
        return this.#setState(dice.below(dice.oneIn(8) ? 5 : 3));
      case 'admin':
        return dice.pick([this.#limits, this.#fees, this.#tier]).call(this);
      default: {
        const unknown: never = what;
        throw new Error(`no such administration ${String(unknown)}`);
      }
    }
  }

  /** As the sequencer sends it, or as an operator does. */
  #withoutRequest(fields: CommandFields): Uint8Array {
    return this.#dice.oneIn(3) ? this.#requests.fresh(fields) : commandRecord(fields);
  }

  #setState(state: number): Uint8Array {
    if (state <= MarketState.CANCEL_ONLY) this.#isOpen = state === MarketState.OPEN;
    return this.#requests.fresh({ kind: CommandKind.SET_STATE, state });
  }

  /** Mostly loose limits, often none, so that the market stays alive. */
  #limits(): Uint8Array {
    const dice = this.#dice;
    const { low, high } = this.#orders.around();
    const some = (value: number) => (dice.oneIn(3) ? value : 0);
    const limits = {
      minPrice: some(low),
      maxPrice: some(high),
      maxQuantity: some(45),
      bandPpm: some(dice.pick([1_000, 50_000, 1_000_000])),
      maxOpenOrders: some(6),
    };
    const none = dice.oneIn(2) ? {} : limits;
    const wrong = dice.oneIn(6) ? { bandPpm: 1_000_001 } : {};
    return this.#requests.fresh({ kind: CommandKind.CONFIGURE, ...none, ...wrong });
  }

  #fees(): Uint8Array {
    const dice = this.#dice;
    const phase = Math.floor(this.#sequence / REBATE_PHASE);
    const [makerFeePpm, takerFeePpm] = dice.pick(REBATES[phase % 2] ?? FEE_RATES);
    const tier = dice.oneIn(8) ? 14 + dice.below(4) : dice.below(3);
    return this.#requests.fresh({ kind: CommandKind.SET_FEES, tier, makerFeePpm, takerFeePpm });
  }

  #tier(): Uint8Array {
    const account = this.#dice.oneIn(8) ? Account.FEES : this.#dice.pick(this.#accounts);
    const tier = this.#dice.below(this.#dice.oneIn(5) ? 20 : 4);
    return this.#requests.fresh({ kind: CommandKind.SET_TIER, account, tier });
  }

  #repeated(): Uint8Array {
    const record = this.#dice.oneIn(2) ? this.#requests.again() : this.#requests.late();
    return record ?? this.#garbage();
  }

  /** A command that would make sense, with one field that does not; or bytes, whatever they are. */
  #garbage(): Uint8Array {
    const dice = this.#dice;
    if (dice.oneIn(5)) return this.#bytes();
    const account = dice.pick(this.#accounts);
    const kinds = [CommandKind.NEW, CommandKind.NEW, CommandKind.REPLACE, CommandKind.DEPOSIT];
    const kind = dice.pick([CommandKind.QUOTE, ...kinds]);
    const order = {
      kind,
      account,
      clientOrderId: this.#orders.name(),
      ...this.#orders.description(this.#timeNs),
    };
    return this.#requests.fresh({ ...order, ...this.#orders.nonsense() });
  }

  /** Mostly of a known kind and account, as nothing else goes far. */
  #bytes(): Uint8Array {
    const dice = this.#dice;
    const record = Uint8Array.from({ length: RECORD_BYTES }, () => dice.below(256));
    if (!dice.oneIn(4)) setFields(record, { kind: dice.pick(Object.values(CommandKind)) });
    // No other client's account: what all have together is counted.
    const account = dice.oneIn(4) ? 2 ** 24 + dice.below(2 ** 31) : dice.pick(this.#accounts);
    // Sessions of its own: ids that come from nowhere would end the others.
    setFields(record, { account, session: dice.oneIn(4) ? 3 + dice.below(2 ** 12) : 3 });
    setFields(record, { requestId: dice.below(1_000) });
    return record;
  }
}
