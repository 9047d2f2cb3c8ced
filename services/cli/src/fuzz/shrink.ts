/** Makes a failing input as small and plain as it gets while it fails in the same way. */

/** Tries of one shrinking: those of a large input take long. */
const MOST_TRIES = 4_000;

type Fails = (bytes: Uint8Array) => Promise<boolean>;

/** @param fails - whether an input still fails in the same way */
export async function shrink(failing: Uint8Array, fails: Fails): Promise<Uint8Array> {
  let best: Uint8Array = Uint8Array.from(failing);
  let tries = 0;
  const take = async (candidate: Uint8Array): Promise<boolean> => {
    tries += 1;
    if (tries > MOST_TRIES || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let before = -1; before !== best.length && tries < MOST_TRIES; ) {
    before = best.length;
    for (let size = Math.max(1, best.length >> 1); size >= 1; size >>= 1) {
      for (let at = 0; at < best.length && tries < MOST_TRIES; ) {
        if (!(await take(without(best, at, size)))) at += size;
      }
    }
  }
  for (let at = 0; at < best.length && tries < MOST_TRIES; at += 1) {
    if (best[at] !== 0) await take(best.with(at, 0));
  }
  return best;
}

function without(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
}
