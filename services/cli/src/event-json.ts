/** Events as --json prints them. */
import { eventMap, type MarketEvent } from '@foldbook/protocol';

/**
 * The map of the wire's msgpack encoding (shared/protocol/README.md): the same names, the same
 * words for small numbers. Counts are numbers and u64 are strings, whatever their size: a reader
 * need not look for the case that is above 2^53.
 */
export function eventJson(event: MarketEvent): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...event };
  const entries = Object.entries(eventMap(event)).map(([name, value]) => {
    // The wire makes a 64-bit integer of a count above 32 bits.
    const isCount = typeof fields[name] === 'number' && typeof value === 'bigint';
    return [name, isCount ? Number(value) : value];
  });
  return Object.fromEntries(entries);
}
