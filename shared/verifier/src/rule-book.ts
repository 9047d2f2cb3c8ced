import { assert } from './assert.ts';
import {
  type Creation,
  FEE_PPM_MAX,
  type FeeRates,
  type LimitsChange,
  type RuleChange,
  TIERS,
} from './rules.ts';

const PPM = 1_000_000n;

/** What one side of a trade pays, or is paid: quote units, never negative. */
export interface Charge {
  readonly account: number;
  readonly amount: bigint;
  readonly isRebate: boolean;
}

export interface Limits extends Omit<LimitsChange, 'kind' | 'record' | 'sequence'> {}

const NO_LIMITS: Limits = {
  minPrice: 0n,
  maxPrice: 0n,
  maxQuantity: 0n,
  bandPpm: 0,
  maxOpenOrders: 0,
};

/** The rules in force, as the changes up to some place of the chain made them. */
export class RuleBook {
  #creation: Creation | undefined;
  #limits: Limits = NO_LIMITS;
  #tiers: readonly FeeRates[] = [];
  /** Accounts that are not in tier 0. */
  readonly #tierOf = new Map<number, number>();

  /** Undefined before the market's creation. */
  get creation(): Creation | undefined {
    return this.#creation;
  }

  get limits(): Limits {
    return this.#limits;
  }

  tierOf(account: number): number {
    return this.#tierOf.get(account) ?? 0;
  }

  /** @throws before the creation */
  ratesOf(account: number): FeeRates {
    const rates = this.#tiers[this.tierOf(account)];
    assert(rates !== undefined, 'rates are asked for once the market was created');
    return rates;
  }

  /** Takes a change; says what is wrong with one that no market could have taken. */
  apply(change: RuleChange): string | undefined {
    if ((this.#creation === undefined) !== (change.kind === 'creation')) {
      return change.kind === 'creation' ? 'the market is created twice' : 'comes before creation';
    }
    switch (change.kind) {
      case 'creation':
        return this.#create(change);
      case 'fees':
        return this.#setTiers(this.#tiers.with(change.tier, change), change);
      case 'tier':
        if (change.tier === 0) this.#tierOf.delete(change.account);
        else this.#tierOf.set(change.account, change.tier);
        return undefined;
      case 'limits': {
        const { minPrice, maxPrice, maxQuantity, bandPpm, maxOpenOrders } = change;
        this.#limits = { minPrice, maxPrice, maxQuantity, bandPpm, maxOpenOrders };
        return undefined;
      }
      default:
        return change satisfies never;
    }
  }

  #create(change: Creation): string | undefined {
    this.#creation = change;
    return this.#setTiers(new Array<FeeRates>(TIERS).fill(change), change);
  }

  #setTiers(tiers: readonly FeeRates[], { makerFeePpm, takerFeePpm }: FeeRates) {
    const most = this.#creation?.maxFeePpm ?? FEE_PPM_MAX;
    if (makerFeePpm > most || takerFeePpm > most) {
      return `rates of ${makerFeePpm} and ${takerFeePpm} ppm, ${most} is the most`;
    }
    // Else a trade would take more out of the fee account than it puts in.
    const least = Math.min(...tiers.map((rates) => rates.makerFeePpm));
    if (least + Math.min(...tiers.map((rates) => rates.takerFeePpm)) < 0) {
      return 'a pair of tiers whose maker and taker rates are negative together';
    }
    this.#tiers = tiers;
    return undefined;
  }

  /** What a trade of this quote amount costs its two sides: the taker first, none of 0. */
  charges(taker: number, maker: number, quote: bigint): Charge[] {
    return [
      chargeOf(taker, this.ratesOf(taker).takerFeePpm, quote),
      chargeOf(maker, this.ratesOf(maker).makerFeePpm, quote),
    ].filter(({ amount }) => amount > 0n);
  }
}

/** A fee rounds up, a rebate down. */
function chargeOf(account: number, ratePpm: number, quote: bigint): Charge {
  const rate = BigInt(ratePpm);
  if (rate < 0n) return { account, amount: (-rate * quote) / PPM, isRebate: true };
  return { account, amount: (rate * quote + PPM - 1n) / PPM, isRebate: false };
}
