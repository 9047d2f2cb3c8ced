/** Which host a market lives on: at first, and when the hosts' loads have grown apart. */
import type { Market } from './market-registry.ts';

export interface PlacementOptions {
  readonly hosts: number;
  /** `load` moves markets between hosts while they run. */
  readonly by: 'round-robin' | 'load';
  /** Hosts of markets, by name: they stay there. */
  readonly places: Readonly<Record<string, number>>;
  /** How long loads are measured before markets are moved, ms. */
  readonly rebalanceMs: number;
}

/** What a market kept its host busy for. */
export interface MarketLoad<Of = Market> {
  readonly market: Of;
  readonly host: number;
  /** Nanoseconds. */
  readonly busyNs: number;
}

/** A host that had no memory for a market is asked again after so many windows: markets leave. */
const FULL_FOR_WINDOWS = 100;

/** Loads further apart than this part of a host's time are worth a move. */
const WORTH_A_MOVE = 0.1;

export class Placement {
  readonly #options: PlacementOptions;
  readonly #markets: Market[] = [];
  #next = 0;
  #sinceNs: number;
  /** Hosts that had no memory for a market, and until when none is sent there. */
  readonly #fullUntilNs = new Map<number, number>();

  /** @param nowNs - any clock that goes on evenly */
  constructor(options: PlacementOptions, nowNs: number) {
    this.#options = options;
    this.#sinceNs = nowNs;
  }

  /** Puts a new market on a host. */
  place(market: Market): void {
    const { places, hosts } = this.#options;
    const fixed = Object.hasOwn(places, market.name) ? places[market.name] : undefined;
    this.#markets.push(market);
    if (fixed !== undefined) {
      market.host = fixed;
      return;
    }
    market.host = this.#next;
    this.#next = (this.#next + 1) % hosts;
  }

  /** The host had no memory for a market. */
  noteFull(host: number, nowNs: number): void {
    this.#fullUntilNs.set(host, nowNs + FULL_FOR_WINDOWS * this.#options.rebalanceMs * 1e6);
  }

  /** The move that makes the hosts' loads most alike, if it is time to look and one is worth it. */
  due(nowNs: number): { readonly market: Market; readonly to: number } | undefined {
    const { by, hosts, rebalanceMs, places } = this.#options;
    const windowNs = nowNs - this.#sinceNs;
    if (by !== 'load' || hosts === 1 || windowNs < rebalanceMs * 1e6) return undefined;
    this.#sinceNs = nowNs;
    const loads = this.#markets.map((market) => {
      const { host, busyNs } = market;
      market.busyNs = 0;
      return { market, host, busyNs, isFixed: Object.hasOwn(places, market.name) };
    });
    const isFull = (host: number) => (this.#fullUntilNs.get(host) ?? nowNs) > nowNs;
    return bestMove(loads, hosts, windowNs, isFull);
  }
}

/**
 * The move that brings the busiest host and the idlest one of those with memory closest together;
 * none where they are close enough, or where the one market that keeps a host busy would just take
 * its load along.
 */
export function bestMove<Of>(
  loads: readonly (MarketLoad<Of> & { readonly isFixed: boolean })[],
  hosts: number,
  windowNs: number,
  isFull: (host: number) => boolean = () => false,
): { readonly market: Of; readonly to: number } | undefined {
  const busy = Array.from({ length: hosts }, () => 0);
  for (const { host, busyNs } of loads) busy[host] = (busy[host] ?? 0) + busyNs;
  const most = Math.max(...busy);
  const least = Math.min(...busy.filter((_, host) => !isFull(host)));
  const gap = most - least;
  if (gap < WORTH_A_MOVE * windowNs) return undefined;
  const from = busy.indexOf(most);
  const to = busy.findIndex((busyNs, host) => busyNs === least && !isFull(host));
  let best: { market: Of; rest: number } | undefined;
  for (const { market, host, busyNs, isFixed } of loads) {
    if (host !== from || isFixed) continue;
    const rest = Math.abs(gap - 2 * busyNs);
    if (rest < gap - WORTH_A_MOVE * windowNs && (best === undefined || rest < best.rest)) {
      best = { market, rest };
    }
  }
  return best === undefined ? undefined : { market: best.market, to };
}
