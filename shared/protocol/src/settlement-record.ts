/** Settlement records of the diff stream (circuits/STATEMENT.md), as objects and as records. */
import { readCount, writeCount } from './batch.ts';
import {
  EventKind,
  EventOffset,
  RECORD_BYTES,
  type SettlementKind,
  SettlementOffset,
} from './layout.ts';

export interface SettlementEntry {
  readonly kind: SettlementKind;
  readonly a: number;
  readonly b: number;
  readonly price: bigint;
  /** Moves from a to b. */
  readonly base: bigint;
  /** Moves from b to a. */
  readonly quote: bigint;
  readonly sequence: number;
  readonly recordIndex: number;
}

export function writeSettlement(view: DataView, offset: number, entry: SettlementEntry): void {
  for (let at = 0; at < RECORD_BYTES; at += 8) view.setBigUint64(offset + at, 0n, true);
  view.setUint8(offset + EventOffset.KIND, EventKind.SETTLEMENT);
  view.setUint8(offset + SettlementOffset.KIND, entry.kind);
  view.setUint32(offset + SettlementOffset.A, entry.a, true);
  writeCount(view, offset + SettlementOffset.SEQUENCE, entry.sequence);
  writeCount(view, offset + SettlementOffset.RECORD_INDEX, entry.recordIndex);
  view.setUint32(offset + SettlementOffset.B, entry.b, true);
  view.setBigUint64(offset + SettlementOffset.PRICE, entry.price, true);
  view.setBigUint64(offset + SettlementOffset.BASE, entry.base, true);
  view.setBigUint64(offset + SettlementOffset.QUOTE, entry.quote, true);
}

export function readSettlement(view: DataView, offset: number): SettlementEntry {
  return {
    kind: view.getUint8(offset + SettlementOffset.KIND) as SettlementKind,
    a: view.getUint32(offset + SettlementOffset.A, true),
    sequence: readCount(view, offset + SettlementOffset.SEQUENCE),
    recordIndex: readCount(view, offset + SettlementOffset.RECORD_INDEX),
    b: view.getUint32(offset + SettlementOffset.B, true),
    price: view.getBigUint64(offset + SettlementOffset.PRICE, true),
    base: view.getBigUint64(offset + SettlementOffset.BASE, true),
    quote: view.getBigUint64(offset + SettlementOffset.QUOTE, true),
  };
}
