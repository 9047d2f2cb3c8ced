/** The log with each request's first copy alone: what has to come of it, were it sent once. */
import { createNaiveEngine, type Engine, RESULT_CAPACITY, requestKey } from '@foldbook/engine';
import {
  BatchOffset,
  CommandOffset,
  EventKind,
  isTermSubject,
  RECORD_BYTES,
  viewOf,
} from '@foldbook/protocol';
import type { StoredMessage } from './stream-fence.ts';

export class OnceEngine {
  readonly engine: Engine = createNaiveEngine({ resultCapacity: RESULT_CAPACITY });
  commands = 0;
  /** Copies that were left out. */
  left = 0;
  trades = 0;
  readonly #seen = new Set<string>();

  take({ subject, payload }: Pick<StoredMessage, 'subject' | 'payload'>): void {
    if (isTermSubject(subject)) return;
    const timeNs = viewOf(payload).getBigInt64(BatchOffset.TIME_NS, true);
    const records: Uint8Array[] = [];
    for (let at = RECORD_BYTES; at < payload.byteLength; at += RECORD_BYTES) {
      const record = payload.subarray(at, at + RECORD_BYTES);
      if (this.#isFirst(record)) records.push(record);
      else this.left += 1;
    }
    this.commands += records.length;
    this.engine.apply(Buffer.concat(records), records.length, timeNs, (block, count) => {
      for (let index = 0; index < count; index += 1) {
        if (block[index * RECORD_BYTES] === EventKind.TRADE) this.trades += 1;
      }
    });
  }

  #isFirst(record: Uint8Array): boolean {
    const view = viewOf(record);
    const key = requestKey(
      view.getUint32(CommandOffset.ACCOUNT, true),
      view.getUint16(CommandOffset.SESSION, true),
      view.getBigUint64(CommandOffset.REQUEST_ID, true),
    );
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}
