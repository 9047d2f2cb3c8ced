/** A market of the engine that takes one command at a time, and answers with what it wrote. */

import type { Engine } from '@foldbook/engine';
import {
  Asset,
  type Command,
  CommandKind,
  type MarketEvent as EngineEvent,
  EventKind,
  EventOffset,
  encodeRecords,
  RECORD_BYTES,
  ResultCode,
  readEvent,
  resultName,
  viewOf,
} from '@foldbook/protocol';

/** Everybody's whose orders the feed tells. They trade with each other, so nothing is used up. */
export const MARKET_ACCOUNT = 2;
/** Ours. */
export const OWN_ACCOUNT = 3;
const SESSION = 1;
/** Of each asset; with what we may have it is below what a market may hold. */
const MARKET_FUNDS = 2n ** 62n;
export const MOST_OWN_FUNDS = 2n ** 61n;

/** Ours, in lots and in the market's quote units. */
export interface OwnFunds {
  readonly base: bigint;
  readonly quote: bigint;
}

export interface EngineMarketOptions {
  /** One that has seen no command yet. */
  readonly engine: Engine;
  readonly funds: OwnFunds;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type Unnumbered = DistributiveOmit<Command, 'session' | 'requestId'>;

/** What the engine does not take of what a run was set up with: fees, funds. */
export class MarketSetUpError extends Error {
  override readonly name = 'MarketSetUpError';
}

export class EngineMarket {
  readonly engine: Engine;
  readonly #collect = (block: Uint8Array, count: number) => this.#take(block, count);
  #requestId = 0n;
  #events: EngineEvent[] = [];

  /** @throws MarketSetUpError */
  constructor({ engine, funds }: EngineMarketOptions) {
    this.engine = engine;
    // Fees are counted outside: see fees.ts.
    const noFees = { makerFeePpm: 0, takerFeePpm: 0, maxFeePpm: 0 };
    this.#setUp({ kind: CommandKind.CREATE_MARKET, ...noFees });
    this.#deposit(MARKET_ACCOUNT, Asset.BASE, MARKET_FUNDS);
    this.#deposit(MARKET_ACCOUNT, Asset.QUOTE, MARKET_FUNDS);
    this.#deposit(OWN_ACCOUNT, Asset.BASE, funds.base);
    this.#deposit(OWN_ACCOUNT, Asset.QUOTE, funds.quote);
  }

  /** What the command led to, but for what levels show; valid until the next one. */
  run(account: number, command: Unnumbered): readonly EngineEvent[] {
    this.#events = [];
    this.#requestId += 1n;
    const numbered = { ...command, session: SESSION, requestId: this.#requestId };
    // Without orders that expire, no time needs to pass in the engine.
    this.engine.apply(encodeRecords([[account, numbered]]), 1, 0n, this.#collect);
    return this.#events;
  }

  #take(block: Uint8Array, count: number): void {
    const view = viewOf(block);
    for (let at = 0; at < count * RECORD_BYTES; at += RECORD_BYTES) {
      if (view.getUint8(at + EventOffset.KIND) === EventKind.BOOK_DELTA) continue;
      const event = readEvent(view, at);
      if (event !== undefined) this.#events.push(event);
    }
  }

  #deposit(account: number, asset: Asset, amount: bigint): void {
    if (amount > 0n) this.#setUp({ kind: CommandKind.DEPOSIT, account, asset, amount });
  }

  #setUp(command: Unnumbered): void {
    const refusal = this.run(0, command).find((event) => event.type === 'rejected');
    if (refusal?.type !== 'rejected' || refusal.code === ResultCode.OK) return;
    throw new MarketSetUpError(`the engine refuses it: ${resultName(refusal.code)}`);
  }
}
