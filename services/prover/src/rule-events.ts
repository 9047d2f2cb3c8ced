// SPDX-License-Identifier: GPL-3.0-or-later
import type { RuleChange } from '@foldbook/verifier';
import type { RuleEvent } from './diff-record.ts';

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

/** Whether two changes say the same, wherever each was met. */
export function isSameChange(left: RuleChange, right: RuleChange): boolean {
  const text = (change: RuleChange) =>
    JSON.stringify({ ...change, record: 0n }, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  return text(left) === text(right);
}
