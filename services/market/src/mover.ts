/** The mover agent: sends markets to other hosts, where operators or the loads ask for it. */
import type { Agent, Logger } from '@foldbook/runtime';
import type { Dispatcher, FinishedMove } from './dispatcher.ts';
import type { Market } from './market-registry.ts';
import type { Placement } from './placement.ts';

export interface MoverParts {
  readonly dispatcher: Dispatcher;
  readonly placement: Placement;
  readonly logger: Logger;
  readonly nowNs: () => number;
}

export class Mover implements Agent {
  readonly roleName = 'mover';
  readonly #dispatcher: Dispatcher;
  readonly #placement: Placement;
  readonly #logger: Logger;
  readonly #nowNs: () => number;

  constructor({ dispatcher, placement, logger, nowNs }: MoverParts) {
    this.#dispatcher = dispatcher;
    this.#placement = placement;
    this.#logger = logger;
    this.#nowNs = nowNs;
  }

  get hosts(): number {
    return this.#dispatcher.hosts;
  }

  /** Whether a market is on its way, which others have to wait for. */
  get isBusy(): boolean {
    return this.#dispatcher.moving !== undefined;
  }

  /** Where nothing moves, to another host than the market's. */
  move(market: Market, to: number, onDone: (move: FinishedMove) => void = () => undefined): void {
    this.#dispatcher.move(market, to, (move) => {
      const { from, held, tookNs, isRefused } = move;
      const tookMs = Math.round(tookNs / 1e4) / 100;
      const facts = { market: market.name, from, to, tookMs, held };
      if (isRefused) {
        this.#placement.noteFull(to, this.#nowNs());
        this.#logger.warn('market stays where it is: the other host has no memory for it', facts);
      } else this.#logger.info('market moved', facts);
      onDone(move);
    });
  }

  doWork(): number {
    if (this.isBusy) return 0;
    const due = this.#placement.due(this.#nowNs());
    if (due === undefined) return 0;
    this.move(due.market, due.to);
    return 1;
  }
}
