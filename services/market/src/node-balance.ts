/**
 * When a partition moves to another node because of its load: one at a time, and only after the
 * nodes have been apart for a while, so that what passes by itself moves nothing, and nothing moves
 * to and fro.
 */
import { ownerOf, partitionWeight } from './node-plan.ts';
import type { NodeState, VenueView } from './node-view.ts';

export interface BalanceOptions {
  /** Loads that are closer than this part of a core, for each unit of capacity, are alike. */
  readonly margin: number;
  /** How long they have to be apart, ms. */
  readonly afterMs: number;
  /** A partition that moved stays for so long, ms. */
  readonly restMs: number;
}

export interface PartitionMove {
  readonly partition: number;
  readonly from: string;
  readonly to: string;
}

interface Side {
  readonly node: NodeState;
  readonly score: number;
}

/**
 * The move that brings the busiest node and the idlest one closest together. None where they are
 * alike, or where the other one would become almost as busy: it has to stay below by a quarter of
 * the difference at least. So a row of moves under the same loads has an end.
 */
export function bestMove(
  view: VenueView,
  margin: number,
  mayMove: (partition: number) => boolean = () => true,
): PartitionMove | undefined {
  const [most, least] = extremes(view);
  if (most === undefined || least === undefined) return undefined;
  const gap = most.score - least.score;
  if (gap <= margin) return undefined;
  let best: { readonly partition: number; readonly busier: number } | undefined;
  for (const [partition, weight] of weightsOf(view, most.node)) {
    if (!mayMove(partition)) continue;
    const there = least.score + weight / least.node.capacity;
    if (there > most.score - gap / 4) continue;
    const busier = Math.max(most.score - weight / most.node.capacity, there);
    if (best === undefined || busier < best.busier) best = { partition, busier };
  }
  if (best === undefined) return undefined;
  return { partition: best.partition, from: most.node.name, to: least.node.name };
}

function weightsOf(view: VenueView, node: NodeState): [partition: number, weight: number][] {
  const own: [number, number][] = [];
  for (let partition = 0; partition < view.partitions; partition += 1) {
    if (ownerOf(view, partition) !== node.name) continue;
    own.push([partition, partitionWeight(node.runs.get(partition)?.load)]);
  }
  return own;
}

function extremes(view: VenueView): [most: Side | undefined, least: Side | undefined] {
  const sides = [...view.nodes.values()].map((node) => {
    const weight = weightsOf(view, node).reduce((sum, [, one]) => sum + one, 0);
    return { node, score: weight / node.capacity };
  });
  sides.sort((one, other) => other.score - one.score || (one.node.name < other.node.name ? -1 : 1));
  return [sides[0], sides.at(-1)];
}

export class Balancer {
  readonly #options: BalanceOptions;
  /** The nodes that are apart, and since when. */
  #apart: { readonly from: string; readonly to: string; readonly sinceMs: number } | undefined;
  readonly #lastOwners = new Map<number, string>();
  readonly #restsUntilMs = new Map<number, number>();

  constructor(options: BalanceOptions) {
    this.#options = options;
  }

  /**
   * The move that is due, for the node to begin that has the partition.
   * @param nowMs - any clock that goes on evenly
   */
  due(view: VenueView, nowMs: number): PartitionMove | undefined {
    const owned = this.#noteOwners(view, nowMs);
    const isSettled = view.wishes.size === 0 && owned === view.partitions;
    const mayMove = (partition: number) => (this.#restsUntilMs.get(partition) ?? nowMs) <= nowMs;
    const move = isSettled ? bestMove(view, this.#options.margin, mayMove) : undefined;
    if (move === undefined) {
      this.#apart = undefined;
      return undefined;
    }
    const { from, to } = move;
    if (this.#apart?.from !== from || this.#apart.to !== to) {
      this.#apart = { from, to, sinceMs: nowMs };
    }
    if (nowMs - this.#apart.sinceMs < this.#options.afterMs) return undefined;
    this.#apart = undefined;
    return move;
  }

  /** Returns how many partitions have an owner. */
  #noteOwners(view: VenueView, nowMs: number): number {
    let owned = 0;
    for (let partition = 0; partition < view.partitions; partition += 1) {
      const owner = ownerOf(view, partition);
      if (owner === undefined) continue;
      owned += 1;
      const before = this.#lastOwners.get(partition);
      this.#lastOwners.set(partition, owner);
      if (before === undefined || before === owner) continue;
      this.#restsUntilMs.set(partition, nowMs + this.#options.restMs);
      this.#apart = undefined;
    }
    return owned;
  }
}
