/** What the benches of sums have in common. */
const ROUNDS = 3;

export const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Scalars of 32 bytes in the other byte order. */
export function reversed(bytes: Uint8Array): Uint8Array {
  const result = bytes.slice();
  for (let i = 0; i < result.length; i += 32) result.subarray(i, i + 32).reverse();
  return result;
}

/** The least processor time of some rounds, in milliseconds. */
export async function fastest(run: () => Promise<unknown> | unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}
