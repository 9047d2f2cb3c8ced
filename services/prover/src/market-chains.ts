// SPDX-License-Identifier: GPL-3.0-or-later
/** Which chains a market has: as its operator says, else as it began, else the STARK chain. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { epochFileName } from '@foldbook/verifier';
import { GENESIS_FILE } from '@foldbook/verifier/node';
import { STARK_FOLDER } from './stark-store.ts';

export type ChainKind = 'poseidon' | 'stark';

/**
 * One or two, in an order. The first one has the market's folder: it publishes the data, and
 * answers what an account is owed.
 */
export type ChainKinds = readonly [ChainKind, ...ChainKind[]];

export const CHAIN_CHOICES = ['stark', 'poseidon', 'both'] as const;
export type ChainChoice = (typeof CHAIN_CHOICES)[number];

/** Of two the Poseidon chain comes first: what an account is owed its proofs bind. */
const KINDS = {
  stark: ['stark'],
  poseidon: ['poseidon'],
  both: ['poseidon', 'stark'],
} as const satisfies Record<ChainChoice, ChainKinds>;

/** Whose epochs are announced as proved: the STARK chain's come first, and rest on no key. */
export const announcedOf = (kinds: ChainKinds): ChainKind => kinds.at(-1) ?? kinds[0];

export interface MarketChainsOptions {
  /** Of markets that `byMarket` does not name. Default: as they began; new ones have `stark`. */
  readonly chains?: ChainChoice | undefined;
  readonly byMarket?: Readonly<Record<string, ChainChoice>> | undefined;
  /** Folder that holds the stores of all markets. */
  readonly storeDir: string;
}

export class MarketChains {
  readonly #options: MarketChainsOptions;
  readonly #known = new Map<string, ChainKinds>();

  constructor(options: MarketChainsOptions) {
    this.#options = options;
  }

  /** The same answer each time: a chain that begins meanwhile changes nothing. */
  of(market: string): ChainKinds {
    const known = this.#known.get(market);
    if (known !== undefined) return known;
    const kinds = KINDS[this.#choice(market)];
    this.#known.set(market, kinds);
    return kinds;
  }

  #choice(market: string): ChainChoice {
    const { chains, byMarket } = this.#options;
    return ownValue(byMarket, market) ?? chains ?? this.#begun(market);
  }

  #begun(market: string): ChainChoice {
    const folder = join(this.#options.storeDir, market);
    if (!hasBegun(folder)) return 'stark';
    return hasBegun(join(folder, STARK_FOLDER)) ? 'both' : 'poseidon';
  }
}

/** One that lost its genesis is not left out in silence: its store says what is to be restored. */
const hasBegun = (folder: string): boolean =>
  [GENESIS_FILE, join('epochs', epochFileName(0))].some((file) => existsSync(join(folder, file)));

/** A market may be called like something that every object has. */
function ownValue<T>(record: Readonly<Record<string, T>> = {}, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
