/** What each account has to be told of a market's events, worked out apart from the publisher. */
import {
  Account,
  EventKind,
  EventOffset,
  Liquidity,
  RECORD_BYTES,
  Side,
  TradeOffset,
  viewOf,
} from '@foldbook/protocol';

export type Tell = (account: number, record: Uint8Array) => void;

const TAKER_KINDS: ReadonlySet<number> = new Set([
  EventKind.ACCEPTED,
  EventKind.REPLACED,
  EventKind.TRIGGERED,
]);

export class ExpectedReports {
  readonly #tell: Tell;
  /** Client order id of the order that trades at present. */
  #takerClientOrderId = 0n;

  /** `tell` gets each record of a client's account, in order. */
  constructor(tell: Tell) {
    this.#tell = tell;
  }

  add(events: Uint8Array): void {
    const view = viewOf(events);
    for (let at = 0; at < events.byteLength; at += RECORD_BYTES) {
      const record = events.slice(at, at + RECORD_BYTES);
      const kind = view.getUint8(at);
      if (TAKER_KINDS.has(kind)) {
        this.#takerClientOrderId = view.getBigUint64(at + EventOffset.CLIENT_ORDER_ID, true);
      }
      if (kind === EventKind.TRADE) this.#trade(record);
      else if (kind !== EventKind.BOOK_DELTA) {
        this.#tellClient(view.getUint32(at + EventOffset.ACCOUNT, true), record);
      }
    }
  }

  /** Each side hears of its own order, and nothing of the other's. */
  #trade(record: Uint8Array): void {
    const trade = viewOf(record);
    const side = trade.getUint8(EventOffset.SIDE);
    this.#fill(record, {
      account: trade.getUint32(EventOffset.ACCOUNT, true),
      side,
      liquidity: Liquidity.TAKER,
      orderId: trade.getBigUint64(TradeOffset.TAKER_ORDER_ID, true),
      clientOrderId: this.#takerClientOrderId,
    });
    this.#fill(record, {
      account: trade.getUint32(TradeOffset.MAKER_ACCOUNT, true),
      side: side === Side.BUY ? Side.SELL : Side.BUY,
      liquidity: Liquidity.MAKER,
      orderId: trade.getBigUint64(TradeOffset.MAKER_ORDER_ID, true),
      clientOrderId: trade.getBigUint64(TradeOffset.MAKER_CLIENT_ORDER_ID, true),
    });
  }

  #fill(
    record: Uint8Array,
    of: {
      readonly account: number;
      readonly side: number;
      readonly liquidity: number;
      readonly orderId: bigint;
      readonly clientOrderId: bigint;
    },
  ): void {
    const fill = record.slice();
    const view = viewOf(fill);
    view.setBigUint64(TradeOffset.MAKER_CLIENT_ORDER_ID, 0n, true);
    view.setBigUint64(TradeOffset.MAKER_ACCOUNT, 0n, true);
    view.setUint8(EventOffset.KIND, EventKind.FILL);
    view.setUint8(EventOffset.SIDE, of.side);
    view.setUint16(EventOffset.CODE, of.liquidity, true);
    view.setUint32(EventOffset.ACCOUNT, of.account, true);
    view.setBigUint64(EventOffset.ORDER_ID, of.orderId, true);
    view.setBigUint64(EventOffset.CLIENT_ORDER_ID, of.clientOrderId, true);
    this.#tellClient(of.account, fill);
  }

  #tellClient(account: number, record: Uint8Array): void {
    if (account >= Account.FIRST_CLIENT) this.#tell(account, record);
  }
}
