/** A process that appends to a segment store until it is killed; segment-store.test.ts. */
import { SegmentStore } from '../segment-store.ts';

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error('usage: segment-writer-process.ts DIR');
const store = new SegmentStore({ dir, segmentBytes: 64 * 1024 });
const writer = await store.writer('S', ['s']);
for (;;) {
  const from = writer.lastSequence;
  const batch = Array.from({ length: 50 }, (_, i) =>
    writer.append('s', Buffer.from(`record ${from + i + 1}`)),
  );
  const sequences = await Promise.all(batch);
  process.send?.({ acknowledged: sequences.at(-1) });
}
