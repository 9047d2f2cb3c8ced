// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { pinnedDigests } from '@foldbook/circuits';
import { BackEnd, type CircuitRole } from '@foldbook/verifier';
import type { ProvingCircuit } from './chain-context.ts';
import type { RoutedKind } from './router/proof-backend.ts';
import { largestFilled, proofRows, type Tiling } from './router/tilings.ts';

/** Rows that one proof takes. */
export interface Tile {
  readonly circuit: ProvingCircuit;
  /** Index of its first row among all. */
  readonly first: number;
  readonly count: number;
}

/** Records, and accounts with a net change. */
export type RoleRows = Readonly<Record<CircuitRole, number>>;
export type RoleTiles = Readonly<Record<CircuitRole, readonly Tile[]>>;

/** Divides an epoch's rows among the circuits that its chain has keys for. */
export type TileEpoch = (rows: RoleRows, circuits: readonly ProvingCircuit[]) => RoleTiles;

/** Without a router: of each role the largest circuits that are filled. */
export const filledTiles: TileEpoch = (rows, circuits) => {
  const of = (role: CircuitRole) =>
    tileRows(
      rows[role],
      circuits.filter((circuit) => circuit.role === role),
    );
  return { batch: of('batch'), accounts: of('accounts') };
};

/**
 * Divides rows among circuits: always the largest that they fill, and what is left at the end goes
 * to the smallest that holds it.
 */
export function tileRows(rows: number, circuits: readonly ProvingCircuit[]): Tile[] {
  return tilesOf(rows, largestFilled(rows, circuits.map(routedKind)), circuits);
}

/** The proofs of a tiling, each with its rows. */
export function tilesOf(rows: number, tiling: Tiling, circuits: readonly ProvingCircuit[]): Tile[] {
  return [...proofRows(rows, tiling)].map(({ kind, first, count }) => {
    const circuit = circuits.find(
      ({ name, size, backEnd }) =>
        name === kind.circuit && size === kind.size && backEnd === kind.backEnd,
    );
    assert(circuit !== undefined, `${kind.circuit} is one of the circuits`);
    return { circuit, first, count };
  });
}

const digests = pinnedDigests();

/** A circuit as the router knows it. */
export function routedKind({ name, role, size, backEnd }: ProvingCircuit): RoutedKind {
  const { constraints } = digests[name];
  return { circuit: name, role, size, constraints, backEnd, folds: backEnd === BackEnd.FOLDING };
}
