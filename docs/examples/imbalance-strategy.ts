/** Does the mid follow the side with more quantity? Looks a second ahead, at one time at most. */
import { defineStrategy } from '@foldbook/history';

const LEAST_IMBALANCE = 0.6;
const AHEAD_NS = 1e9;

export default defineStrategy({
  features: ['mid', 'imbalance'],
  start({ priceDecimals }) {
    let signal: { readonly sign: number; readonly mid: number; readonly endNs: bigint } | undefined;
    let signals = 0;
    let right = 0;
    let moved = 0;
    return {
      onBlock(events, _snapshots, [mids, imbalances]) {
        // Times of a block are numbers since its base: exact, and quicker than bigints.
        let endNs = signal === undefined ? 0 : Number(signal.endNs - events.baseTimeNs);
        for (let row = 0; row < events.count; row += 1) {
          const mid = mids?.[row] ?? Number.NaN;
          const imbalance = imbalances?.[row] ?? Number.NaN;
          const timeNs = events.timeNs[row] ?? 0;
          if (Number.isNaN(mid)) continue;
          if (signal !== undefined && timeNs >= endNs) {
            const gain = (mid - signal.mid) * signal.sign;
            signals += 1;
            right += gain > 0 ? 1 : 0;
            moved += gain / 10 ** priceDecimals;
            signal = undefined;
          }
          if (signal === undefined && Math.abs(imbalance) >= LEAST_IMBALANCE) {
            endNs = timeNs + AHEAD_NS;
            const wholeNs = events.baseTimeNs + BigInt(endNs);
            signal = { sign: Math.sign(imbalance), mid, endNs: wholeNs };
          }
        }
      },
      result: () => ({ signals, right: right / signals, meanMove: moved / signals }),
    };
  },
});
