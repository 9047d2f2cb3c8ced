import {
  decoderOf,
  type HistoryKernel,
  LobsterDayDecoder,
  type MarketDecoder,
  type ReplayBookOptions,
} from '@foldbook/history';
import type { Feed } from './feed.ts';
import type { ReplayPlan } from './replay-plan.ts';

/** Whether each of the feed's files has its orderbook file, which the book follows then. */
export function followsRows({ inputs }: Feed): boolean {
  return inputs.every(({ rows }) => rows !== undefined);
}

export function feedDecoder(
  kernel: HistoryKernel,
  feed: Feed,
  { lenient, levels }: Pick<ReplayPlan, 'lenient' | 'levels'>,
): MarketDecoder {
  const { format, instrument } = feed;
  const options = { instrument, lenient };
  if (followsRows(feed)) return new LobsterDayDecoder(kernel, { ...options, levels });
  return decoderOf(kernel, format, options);
}

/** What a book of a feed keeps, which tells only of so many levels. */
export function windowOf(
  feed: Feed,
  { levels }: Pick<ReplayPlan, 'levels'>,
): Pick<ReplayBookOptions, 'levels' | 'uncrosses'> {
  const told = feed.levels;
  if (followsRows(feed)) {
    // Rows show no more than they have, whatever is asked for.
    const most = Math.min(levels ?? Number.POSITIVE_INFINITY, told ?? Number.POSITIVE_INFINITY);
    return { levels: Number.isFinite(most) ? most : undefined, uncrosses: false };
  }
  return { levels: levels ?? told, uncrosses: feed.format.name === 'lobster' };
}
