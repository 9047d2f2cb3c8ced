/** A thread that reads a kernel's events and sends them back in one piece. */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { RECORD_BYTES } from '@foldbook/protocol';
import { EventRingReader, type SharedEvents } from '../event-ring.ts';

const { shared, count } = workerData as { readonly shared: SharedEvents; readonly count: number };
const reader = new EventRingReader(shared);
const events = new Uint8Array(count * RECORD_BYTES);
let filled = 0;
while (filled < events.byteLength) {
  reader.poll((ring, offset, records) => {
    const bytes = records * RECORD_BYTES;
    assert(filled + bytes <= events.byteLength, 'more events than there are');
    events.set(ring.subarray(offset, offset + bytes), filled);
    filled += bytes;
  });
}
parentPort?.postMessage(events);
