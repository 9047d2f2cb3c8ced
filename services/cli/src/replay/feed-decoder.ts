import {
  decoderOf,
  type HistoryKernel,
  LobsterDayDecoder,
  type MarketDecoder,
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
