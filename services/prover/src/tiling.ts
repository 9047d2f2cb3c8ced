// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import type { ProvingCircuit } from './chain-context.ts';

/** Rows that one proof takes. */
export interface Tile {
  readonly circuit: ProvingCircuit;
  /** Index of its first row among all. */
  readonly first: number;
  readonly count: number;
}

/**
 * Divides rows among circuits: always the largest that they fill, and what is left at the end goes
 * to the smallest that holds it.
 */
export function tileRows(rows: number, circuits: readonly ProvingCircuit[]): Tile[] {
  const ascending = [...circuits].sort((left, right) => left.size - right.size);
  const tiles: Tile[] = [];
  for (let first = 0; first < rows; ) {
    const left = rows - first;
    const circuit =
      ascending.findLast(({ size }) => size <= left) ?? ascending.find(({ size }) => size > left);
    assert(circuit !== undefined, 'there is a circuit of each role');
    const count = Math.min(circuit.size, left);
    tiles.push({ circuit, first, count });
    first += count;
  }
  return tiles;
}
