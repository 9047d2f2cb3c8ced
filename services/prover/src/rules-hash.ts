// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto';
import { PROTOCOL_VERSION } from '@foldbook/protocol';
import type { MarketFees } from './epoch-batcher.ts';

const DOMAIN = 'foldbook/rules/v1\n';

/** SHA-256 of the domain and, little-endian: u16 version, u32 market, i32 maker and taker ppm. */
export function rulesHash(market: number, fees: MarketFees): Uint8Array {
  const rules = new DataView(new ArrayBuffer(14));
  rules.setUint16(0, PROTOCOL_VERSION, true);
  rules.setUint32(2, market, true);
  rules.setInt32(6, fees.makerFeePpm, true);
  rules.setInt32(10, fees.takerFeePpm, true);
  const hash = createHash('sha256').update(DOMAIN).update(new Uint8Array(rules.buffer)).digest();
  return Uint8Array.from(hash);
}
