/** One command record as an object: no judgement, any bytes give one. */
import { CommandOffset } from '@foldbook/protocol';

export interface CommandRecord {
  readonly kind: number;
  readonly side: number;
  readonly timeInForce: number;
  readonly asset: number;
  readonly account: number;
  readonly session: number;
  readonly requestId: bigint;
  readonly clientOrderId: bigint;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

export function readCommandRecord(view: DataView, offset: number): CommandRecord {
  return {
    kind: view.getUint8(offset + CommandOffset.KIND),
    side: view.getUint8(offset + CommandOffset.SIDE),
    timeInForce: view.getUint8(offset + CommandOffset.TIME_IN_FORCE),
    asset: view.getUint8(offset + CommandOffset.ASSET),
    account: view.getUint32(offset + CommandOffset.ACCOUNT, true),
    session: view.getUint16(offset + CommandOffset.SESSION, true),
    requestId: view.getBigUint64(offset + CommandOffset.REQUEST_ID, true),
    clientOrderId: view.getBigUint64(offset + CommandOffset.CLIENT_ORDER_ID, true),
    price: view.getBigUint64(offset + CommandOffset.PRICE, true),
    quantity: view.getBigUint64(offset + CommandOffset.QUANTITY, true),
    makerFeePpm: view.getInt32(offset + CommandOffset.MAKER_FEE_PPM, true),
    takerFeePpm: view.getInt32(offset + CommandOffset.TAKER_FEE_PPM, true),
  };
}
