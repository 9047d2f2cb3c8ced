import type { MarketEvent } from '@foldbook/protocol';
import type { RuleChange } from '../rules.ts';

/** Events that change a market's rules. */
export type RuleEvent = Extract<
  MarketEvent,
  { type: 'market-created' | 'fees-changed' | 'tier-changed' | 'configured' }
>;

/** The change of rules that an event tells of; `record` is the index of the next record. */
export function ruleChange(event: RuleEvent, record: number): RuleChange {
  const placed = { record: BigInt(record), sequence: BigInt(event.sequence) };
  switch (event.type) {
    case 'market-created': {
      const { makerFeePpm, takerFeePpm, maxFeePpm } = event;
      const { priceDecimals, quantityDecimals, baseSymbol, quoteSymbol } = event;
      const rates = { makerFeePpm, takerFeePpm, maxFeePpm };
      const units = { priceDecimals, quantityDecimals, baseSymbol, quoteSymbol };
      return { kind: 'creation', ...placed, ...rates, ...units };
    }
    case 'fees-changed': {
      const { tier, makerFeePpm, takerFeePpm } = event;
      return { kind: 'fees', ...placed, tier, makerFeePpm, takerFeePpm };
    }
    case 'tier-changed':
      return { kind: 'tier', ...placed, account: event.account, tier: event.tier };
    case 'configured': {
      const { minPrice, maxPrice, maxQuantity, bandPpm, maxOpenOrders } = event;
      const limits = { minPrice, maxPrice, maxQuantity, bandPpm, maxOpenOrders };
      return { kind: 'limits', ...placed, ...limits };
    }
    default:
      return event satisfies never;
  }
}

/** The event, if it is one that changes rules. */
export function ruleEvent(event: MarketEvent | undefined): RuleEvent | undefined {
  switch (event?.type) {
    case 'market-created':
    case 'fees-changed':
    case 'tier-changed':
    case 'configured':
      return event;
    default:
      return undefined;
  }
}
