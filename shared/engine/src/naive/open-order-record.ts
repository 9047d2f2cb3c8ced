import { EventKind, EventOffset, OpenOrderOffset, RECORD_BYTES, viewOf } from '@foldbook/protocol';
import { RecordFields } from '../snapshot/record-fields.ts';
import { isWaitingStop, type Order, openLots } from './order.ts';

/** An open order as an OPEN_ORDER record; `sequence` is the market's. */
export function openOrderRecord(order: Order, sequence: bigint): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  new RecordFields(viewOf(record))
    .u8(EventOffset.KIND, EventKind.OPEN_ORDER)
    .u8(EventOffset.SIDE, order.side)
    .u8(OpenOrderOffset.ORDER_TYPE, order.type)
    .u8(OpenOrderOffset.SELF_TRADE, order.selfTrade)
    .u32(EventOffset.ACCOUNT, order.account)
    .u64(EventOffset.SEQUENCE, sequence)
    .u64(EventOffset.ORDER_ID, order.orderId)
    .u64(EventOffset.CLIENT_ORDER_ID, order.clientOrderId)
    .u64(EventOffset.PRICE, order.price)
    .u64(EventOffset.QUANTITY, openLots(order))
    .u64(OpenOrderOffset.DISPLAYED, isWaitingStop(order) ? order.stopPrice : order.displayed)
    .u8(OpenOrderOffset.TIME_IN_FORCE, order.timeInForce)
    .u8(OpenOrderOffset.FLAGS, order.flags)
    .u32(OpenOrderOffset.EXPIRE_TIME, order.expireTime);
  return record;
}
