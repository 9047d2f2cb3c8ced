/** What operators have set of a market, as of the last events: facts that `info` tells. */
import {
  type Configured,
  FEE_TIERS,
  MARKET_STATE_NAMES,
  type MarketEvent,
  MarketState,
  nameOf,
} from '@foldbook/protocol';
import { z } from 'zod';

interface FeeTier {
  readonly tier: number;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

type Limits = Pick<
  Configured,
  'minPrice' | 'maxPrice' | 'maxQuantity' | 'bandPpm' | 'maxOpenOrders'
>;

const number = z.int();
/** Below 2^48: as numbers, because msgpack has no integers as long as these may be. */
const amount = z.int().min(0);

/** The terms as a checkpoint keeps them. */
export const savedTermsSchema = z.object({
  state: z.enum(MarketState),
  limits: z.object({
    ...{ minPrice: amount, maxPrice: amount, maxQuantity: amount },
    ...{ bandPpm: number, maxOpenOrders: number },
  }),
  tiers: z.array(z.object({ tier: number, makerFeePpm: number, takerFeePpm: number })),
  created: z.object({
    ...{ baseSymbol: z.string(), quoteSymbol: z.string() },
    ...{ priceDecimals: number, quantityDecimals: number, maxFeePpm: number },
  }),
});

type SavedTerms = z.infer<typeof savedTermsSchema>;

/** Fed with every event of the market from genesis on; other kinds change nothing. */
export class MarketTerms {
  #state: MarketState = MarketState.OPEN;
  #limits: Limits = { minPrice: 0n, maxPrice: 0n, maxQuantity: 0n, bandPpm: 0, maxOpenOrders: 0 };
  #tiers: FeeTier[] = [];
  #created = {
    ...{ baseSymbol: '', quoteSymbol: '', priceDecimals: 0, quantityDecimals: 0, maxFeePpm: 0 },
  };

  apply(event: MarketEvent | undefined): void {
    switch (event?.type) {
      case 'market-created': {
        const { makerFeePpm, takerFeePpm, baseSymbol, quoteSymbol, maxFeePpm } = event;
        const { priceDecimals, quantityDecimals } = event;
        this.#created = { baseSymbol, quoteSymbol, priceDecimals, quantityDecimals, maxFeePpm };
        const rates = { makerFeePpm, takerFeePpm };
        this.#tiers = Array.from({ length: FEE_TIERS }, (_, tier) => ({ tier, ...rates }));
        return;
      }
      case 'fees-changed': {
        const { tier, makerFeePpm, takerFeePpm } = event;
        this.#tiers[tier] = { tier, makerFeePpm, takerFeePpm };
        return;
      }
      case 'configured':
        this.#limits = event;
        return;
      case 'state-changed':
        this.#state = event.state;
        return;
      default:
    }
  }

  /** Everything that the events so far have told. */
  save(): SavedTerms {
    const { minPrice, maxPrice, maxQuantity, bandPpm, maxOpenOrders } = this.#limits;
    const prices = { minPrice: Number(minPrice), maxPrice: Number(maxPrice) };
    return {
      state: this.#state,
      limits: { ...prices, maxQuantity: Number(maxQuantity), bandPpm, maxOpenOrders },
      tiers: this.#tiers,
      created: this.#created,
    };
  }

  /** Instead of the events that lead there. */
  restore({ state, limits, tiers, created }: SavedTerms): void {
    const { minPrice, maxPrice, maxQuantity, bandPpm, maxOpenOrders } = limits;
    const prices = { minPrice: BigInt(minPrice), maxPrice: BigInt(maxPrice) };
    this.#state = state;
    this.#limits = { ...prices, maxQuantity: BigInt(maxQuantity), bandPpm, maxOpenOrders };
    this.#tiers = [...tiers];
    this.#created = created;
  }

  /** As msgpack takes them. Limits lie below 2^48, 0 is none; the rates of all sixteen tiers. */
  facts() {
    const { minPrice, maxPrice, maxQuantity, bandPpm, maxOpenOrders } = this.#limits;
    const prices = { minPrice: Number(minPrice), maxPrice: Number(maxPrice) };
    return {
      state: nameOf(MARKET_STATE_NAMES, this.#state) ?? this.#state,
      ...this.#created,
      ...prices,
      maxQuantity: Number(maxQuantity),
      ...{ bandPpm, maxOpenOrders },
      tiers: this.#tiers,
    };
  }
}
