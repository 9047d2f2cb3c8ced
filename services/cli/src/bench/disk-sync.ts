/** How long this machine takes until a write is on its disk: what bounds whatever waits for it. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const WRITES = 100;
const WRITE_BYTES = 4_096;

/**
 * Appends to a file in `dir`, each write synced before the next one.
 * @returns what each took, ms, sorted
 */
export async function measureSync(dir: string): Promise<Float64Array> {
  const file = await open(join(dir, 'synced'), 'w');
  try {
    const bytes = new Uint8Array(WRITE_BYTES).fill(1);
    const tookMs = new Float64Array(WRITES);
    for (let write = 0; write < WRITES; write += 1) {
      const startMs = performance.now();
      await file.write(bytes);
      await file.sync();
      tookMs[write] = performance.now() - startMs;
    }
    return tookMs.sort();
  } finally {
    await file.close();
  }
}
