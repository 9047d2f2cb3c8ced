/**
 * The state hash: a sum (mod 2^64) over items, so that no order of walking a table matters. An item
 * is its tag folded with its words, each step `h = (h ^ word) * 0x9E3779B97F4A7C15; h ^= h >> 32`.
 *
 * ```
 * tag 1  market   created, makerPpm (u32), takerPpm (u32), sequence, timeNs,
 *                 epoch, recordFirst, recordCount, sequenceFirst
 * tag 2  order    account, clientOrderId, orderId, side, price, quantity
 * tag 3  account  account, base available, base held, quote available, quote held; not if all are 0
 * tag 4  session  account, session, requestId
 * ```
 * Priority needs no word of its own: within a level it is the order of the ids.
 */
const MASK = 2n ** 64n - 1n;
const MULTIPLIER = 0x9e3779b97f4a7c15n;

export const HashTag = { MARKET: 1n, ORDER: 2n, ACCOUNT: 3n, SESSION: 4n } as const;

export class StateHash {
  #sum = 0n;

  add(tag: bigint, words: readonly bigint[]): void {
    let hash = tag;
    for (const word of words) {
      hash = ((hash ^ word) * MULTIPLIER) & MASK;
      hash ^= hash >> 32n;
    }
    this.#sum = (this.#sum + hash) & MASK;
  }

  get value(): bigint {
    return this.#sum;
  }
}
