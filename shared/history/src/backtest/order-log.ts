/** Everything that a run's own orders did, in order: plain data, from which its profit follows. */
import { createHash } from 'node:crypto';
import type { OwnEvent } from '../engine-replay/own-event.ts';
import type { OrderSide, OrderTimeInForce } from '../strategy/strategy-orders.ts';

interface Asked {
  readonly id: number;
  readonly instrument: number;
  /** When the strategy decided. */
  readonly timeNs: bigint;
  /** When the market has it. */
  readonly arrivesNs: bigint;
}

/** What the strategy asked for. */
export type RequestEntry =
  | (Asked & {
      readonly type: 'place';
      readonly side: OrderSide;
      readonly price: bigint;
      readonly quantity: bigint;
      readonly timeInForce: OrderTimeInForce;
    })
  | (Asked & { readonly type: 'replace'; readonly price: bigint; readonly quantity: bigint })
  | (Asked & { readonly type: 'cancel' });

/** What the market did, and when. */
export type MarketEntry = OwnEvent & { readonly instrument: number; readonly timeNs: bigint };

/**
 * What an instrument was worth at the end: between the best prices, rounded down to a unit; at the
 * last fill where a side is empty.
 */
export interface MarkEntry {
  readonly type: 'mark';
  readonly instrument: number;
  readonly timeNs: bigint;
  readonly price: bigint;
}

/** Prices and quantities are in the feed's units, fees in the product of both. */
export type LogEntry = RequestEntry | MarketEntry | MarkEntry;

/** One line of JSON; big numbers are strings. */
export function logLine(entry: LogEntry): string {
  return JSON.stringify(entry, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

/** SHA-256 of the lines, hexadecimal: the same for runs that did the same. */
export function hashLog(log: readonly LogEntry[]): string {
  const hash = createHash('sha256');
  for (const entry of log) hash.update(`${logLine(entry)}\n`);
  return hash.digest('hex');
}
