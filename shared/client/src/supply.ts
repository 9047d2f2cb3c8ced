/**
 * What a venue's markets owe their accounts, all together: each market's supply, and what is on its
 * way from one to another. Every unit is in one of them, once.
 */
import { isMarketName, PROTOCOL_VERSION, querySubject, ResultCode } from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { decode, encode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';

/** Of the base and of the quote asset. */
export type AssetPair<Value> = readonly [base: Value, quote: Value];

/** Totals since the market's genesis, in its own two assets. */
export interface TransferTotals {
  readonly paid: AssetPair<bigint>;
  readonly returned: AssetPair<bigint>;
  readonly arrived: AssetPair<bigint>;
}

/** A market at one of its sequences. */
export interface MarketSupply {
  readonly market: string;
  readonly partition: number;
  readonly sequence: number;
  readonly symbols: AssetPair<string>;
  /** Units are 10^-decimals. */
  readonly decimals: AssetPair<number>;
  /** What all its accounts have. */
  readonly supply: AssetPair<bigint>;
  readonly deposited: AssetPair<bigint>;
  readonly withdrawn: AssetPair<bigint>;
  /** By the names of the other markets. */
  readonly peers: ReadonlyMap<string, TransferTotals>;
  /** Transfers that it paid and has not heard of since. */
  readonly unsettled: number;
}

export async function askSupply(transport: Transport, market: string): Promise<MarketSupply> {
  const subject = querySubject(market, 0);
  const question = encode({ v: PROTOCOL_VERSION, supply: 1 });
  const answer = decode(await ask(transport, subject, question));
  const map = new Fields(subject, answer);
  const code = map.value('code');
  if (code !== ResultCode.OK) {
    const { name = code, detail = '' } = map.all;
    throw new ClientError('REFUSED', `${subject}: ${name} ${detail}`);
  }
  const peers = map.list('peers').map((totals) => {
    const fields = new Fields(subject, totals);
    const pairs = { paid: fields.amounts('paid'), returned: fields.amounts('returned') };
    return [`${fields.value('market')}`, { ...pairs, arrived: fields.amounts('arrived') }] as const;
  });
  return {
    market,
    partition: map.count('partition'),
    sequence: map.count('sequence'),
    symbols: map.pair('symbols', String),
    decimals: map.pair('decimals', Number),
    supply: map.amounts('supply'),
    deposited: map.amounts('deposited'),
    withdrawn: map.amounts('withdrawn'),
    peers: new Map(peers.filter(([name]) => isMarketName(name))),
    unsettled: map.count('unsettled'),
  };
}

/** Reads an answer's map, and says where it is none. */
class Fields {
  readonly all: Readonly<Record<string, unknown>>;
  readonly #subject: string;

  constructor(subject: string, value: unknown) {
    this.#subject = subject;
    if (typeof value !== 'object' || value === null) throw this.#bad('a map');
    this.all = { ...value };
  }

  value(name: string): unknown {
    return this.all[name];
  }

  count(name: string): number {
    const value = this.all[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.#bad(name);
  }

  list(name: string): readonly unknown[] {
    const value = this.all[name];
    if (Array.isArray(value)) return value;
    throw this.#bad(name);
  }

  amounts(name: string): AssetPair<bigint> {
    return this.pair(name, (value) => {
      if (typeof value === 'string' && /^[0-9]{1,40}$/.test(value)) return BigInt(value);
      throw this.#bad(name);
    });
  }

  pair<Value>(name: string, read: (value: unknown) => Value): AssetPair<Value> {
    const value = this.all[name];
    if (!Array.isArray(value) || value.length !== 2) throw this.#bad(name);
    return [read(value[0]), read(value[1])];
  }

  #bad(what: string): ClientError {
    return new ClientError('BAD_ANSWER', `${this.#subject}: not ${what} as expected`);
  }
}

/** One asset in all markets that have it: the same symbol, in the same unit. */
export interface AssetTotal {
  /** `BTC-USD base` where there is no symbol: an asset of that market alone. */
  readonly symbol: string;
  readonly decimals: number;
  readonly markets: number;
  readonly supply: bigint;
  /** Paid by one market, and neither arrived in the other nor paid back. */
  readonly inFlight: bigint;
  /** Deposited from outside of the venue, less what was withdrawn from it. */
  readonly funded: bigint;
}

export interface VenueSupply {
  readonly assets: readonly AssetTotal[];
  /** What does not add up, in words; empty if all does. */
  readonly faults: readonly string[];
}

interface MutableTotal {
  symbol: string;
  decimals: number;
  markets: number;
  supply: bigint;
  inFlight: bigint;
  funded: bigint;
}

const SLOTS = [
  { slot: 0, word: 'base' },
  { slot: 1, word: 'quote' },
] as const;

/**
 * Adds up markets that were asked while no transfer was on its way between two of them: what is
 * judged of a pair is of two instants otherwise.
 */
export function addSupply(markets: readonly MarketSupply[]): VenueSupply {
  const faults: string[] = [];
  const totals = new Map<string, MutableTotal>();
  const byName = new Map(markets.map((market) => [market.market, market]));
  for (const market of markets) {
    for (const { slot, word } of SLOTS) {
      const total = totalOf(totals, market, slot);
      total.markets += 1;
      total.supply += market.supply[slot];
      total.funded += market.deposited[slot] - market.withdrawn[slot];
      const expected = expectedSupply(market, slot);
      if (expected === market.supply[slot]) continue;
      const has = `its accounts have ${market.supply[slot]}`;
      faults.push(`${market.market}: ${has} ${word}, and it was funded with ${expected}`);
    }
    for (const name of othersOf(market, byName)) {
      const { paid, returned } = market.peers.get(name) ?? NO_TOTALS;
      for (const { slot } of SLOTS) {
        const total = totalOf(totals, market, slot);
        const arrived = arrivedFrom(market, slot, byName.get(name));
        const inFlight = paid[slot] - returned[slot] - arrived;
        total.inFlight += inFlight;
        const wrong = wrongInFlight(market, inFlight);
        if (wrong !== '') faults.push(`${market.market} to ${name}, ${total.symbol}: ${wrong}`);
      }
      if (!byName.has(name)) faults.push(`${name}, which ${market.market} knows, was not asked`);
    }
  }
  const assets = [...totals.values()];
  for (const { symbol, supply, inFlight, funded } of assets) {
    if (supply + inFlight === funded) continue;
    const sum = `${supply} in markets and ${inFlight} in flight`;
    faults.push(`${symbol}: ${sum}, but ${funded} was deposited and not withdrawn`);
  }
  return { assets, faults };
}

const NO_TOTALS: TransferTotals = { paid: [0n, 0n], returned: [0n, 0n], arrived: [0n, 0n] };

/** Those that the market knows, and those that know it. */
function othersOf(
  { market, peers }: MarketSupply,
  byName: ReadonlyMap<string, MarketSupply>,
): ReadonlySet<string> {
  const others = new Set(peers.keys());
  for (const [name, other] of byName) if (other.peers.has(market)) others.add(name);
  return others;
}

function wrongInFlight({ unsettled }: MarketSupply, inFlight: bigint): string {
  if (inFlight < 0n) return `${-inFlight} more arrived or came back than was paid`;
  if (inFlight > 0n && unsettled === 0) return `${inFlight} was paid, and nobody delivers it`;
  return '';
}

function expectedSupply(market: MarketSupply, slot: 0 | 1): bigint {
  let expected = market.deposited[slot] - market.withdrawn[slot];
  for (const { paid, returned, arrived } of market.peers.values()) {
    expected += arrived[slot] + returned[slot] - paid[slot];
  }
  return expected;
}

/** What arrived in `to` from the market, of the asset that it has in this place. */
function arrivedFrom(market: MarketSupply, slot: 0 | 1, to: MarketSupply | undefined): bigint {
  const arrived = to?.peers.get(market.market)?.arrived;
  if (to === undefined || arrived === undefined) return 0n;
  let sum = 0n;
  for (const { slot: other } of SLOTS) {
    if (nameOf(to, other) === nameOf(market, slot)) sum += arrived[other];
  }
  return sum;
}

/** Assets without a symbol are the same as no other. */
function nameOf({ market, symbols, decimals }: MarketSupply, slot: 0 | 1): string {
  if (symbols[slot] === '') return `${market} ${SLOTS[slot].word}`;
  return `${symbols[slot]} 10^-${decimals[slot]}`;
}

function totalOf(
  totals: Map<string, MutableTotal>,
  market: MarketSupply,
  slot: 0 | 1,
): MutableTotal {
  const name = nameOf(market, slot);
  const known = totals.get(name);
  if (known !== undefined) return known;
  const symbol = market.symbols[slot] === '' ? name : market.symbols[slot];
  const decimals = market.decimals[slot];
  const total = { symbol, decimals, markets: 0, supply: 0n, inFlight: 0n, funded: 0n };
  totals.set(name, total);
  return total;
}

const ROUNDS = 10;

/**
 * Asks markets, and all that they have paid or were paid by, until two rounds in a row tell the
 * same of transfers. `isStill` is false where they never did: what is in flight is not exact then.
 */
export async function askVenueSupply(
  transport: Transport,
  names: readonly string[],
): Promise<VenueSupply & { readonly markets: readonly MarketSupply[]; readonly isStill: boolean }> {
  const known = new Set(names);
  let before = '';
  for (let round = 1; ; round += 1) {
    const markets: MarketSupply[] = [];
    for (const name of known) {
      const market = await askSupply(transport, name);
      markets.push(market);
      for (const peer of market.peers.keys()) known.add(peer);
    }
    const now = JSON.stringify(markets.map(movements), (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    const isStill = now === before;
    if (isStill || round === ROUNDS) return { ...addSupply(markets), markets, isStill };
    before = now;
  }
}

const movements = ({ market, peers, deposited, withdrawn, unsettled }: MarketSupply) => ({
  ...{ market, deposited, withdrawn, unsettled },
  peers: [...peers],
});
