import { BatchOffset, RECORD_BYTES, viewOf } from '@foldbook/protocol';

/** Batches that lie one after the other. Undefined when the bytes do not end where a batch does. */
export function splitBatches(bytes: Uint8Array): Uint8Array[] | undefined {
  const batches: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.byteLength) {
    if (bytes.byteLength - offset < RECORD_BYTES) return undefined;
    const count = viewOf(bytes).getUint32(offset + BatchOffset.COUNT, true);
    const end = offset + (count + 1) * RECORD_BYTES;
    if (end > bytes.byteLength) return undefined;
    batches.push(bytes.subarray(offset, end));
    offset = end;
  }
  return batches;
}
