/** Records of a feed's workload as the replay book's events. */
import { Action, EVENT_BYTES, EventFlag, EventOffset } from '@foldbook/history';
import { RecordOffset, RecordType, WORKLOAD_RECORD_BYTES } from './workload.ts';

const ACTIONS: Readonly<Record<number, number>> = {
  [RecordType.NEW]: Action.ADD,
  [RecordType.CANCEL]: Action.DELETE,
  [RecordType.MODIFY]: Action.MODIFY,
  [RecordType.EXECUTE]: Action.EXECUTE,
};

/**
 * Writes an event for each record. All numbers of a workload are small and positive: the upper
 * halves of fields stay as they are, zero.
 */
export function layEvents(events: DataView, records: DataView): void {
  const count = records.byteLength / WORKLOAD_RECORD_BYTES;
  for (let index = 0; index < count; index += 1) {
    const from = index * WORKLOAD_RECORD_BYTES;
    const to = index * EVENT_BYTES;
    const id = records.getUint32(from + RecordOffset.ID, true);
    const price = records.getUint32(from + RecordOffset.PRICE, true);
    const quantity = records.getUint32(from + RecordOffset.QUANTITY, true);
    const book = records.getUint16(from + RecordOffset.BOOK, true);
    const action = ACTIONS[records.getUint8(from + RecordOffset.TYPE)] ?? 0;
    events.setUint32(to + EventOffset.ORDER_ID, id, true);
    events.setUint32(to + EventOffset.PRICE, price, true);
    events.setUint32(to + EventOffset.QUANTITY, quantity, true);
    events.setUint32(to + EventOffset.INSTRUMENT, book, true);
    events.setUint8(to + EventOffset.ACTION, action);
    events.setUint8(to + EventOffset.SIDE, records.getUint8(from + RecordOffset.SIDE));
    events.setUint16(to + EventOffset.FLAGS, EventFlag.LAST, true);
    events.setUint32(to + EventOffset.SEQUENCE, index, true);
  }
}
