/** Where a stream ends: behind the last whole record of its last segment. */
import { type SegmentBytes, SegmentCursor } from './segment-cursor.ts';
import type { SegmentRecord } from './segment-format.ts';

/**
 * Reads a segment to its end, and closes it. Resolves with what is wrong behind the last whole
 * record, where the cursor then is: a write that a crash tore; undefined if nothing is. Rejects
 * with StreamError CORRUPT when what is wrong there was durable once.
 */
export async function readToTail(
  cursor: SegmentCursor,
  { isLastSegment = true, onRecord = (_record: SegmentRecord) => {} } = {},
): Promise<string | undefined> {
  try {
    for (;;) {
      const step = await cursor.next();
      if (step.kind === 'end') return undefined;
      if (step.kind === 'partial') {
        await cursor.refuseDamage(step.why, isLastSegment);
        return step.why;
      }
      onRecord(step.record);
    }
  } finally {
    await cursor.close();
  }
}

/**
 * The whole records of a segment that lies in memory, by the same code that opens a file. Rejects
 * as `readToTail`, and with StreamError CORRUPT when its header is wrong.
 */
export async function readSegmentBytes(
  bytes: Buffer,
  firstSequence: number,
  isLastSegment: boolean,
): Promise<SegmentRecord[]> {
  const records: SegmentRecord[] = [];
  const cursor = await SegmentCursor.over(inMemory(bytes), 'a segment in memory', firstSequence);
  await readToTail(cursor, { isLastSegment, onRecord: (record) => records.push(record) });
  return records;
}

const inMemory = (bytes: Buffer): SegmentBytes => ({
  read: async (buffer, offset, length, position) => {
    const part = bytes.subarray(position, position + length);
    buffer.set(part, offset);
    return { bytesRead: part.byteLength };
  },
  stat: async () => ({ size: bytes.byteLength }),
  close: async () => {},
});
