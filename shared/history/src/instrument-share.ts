/** A share of a feed's instruments: each `of`-th one, from `index` on, in the order of numbers. */
import type { EventBlock } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';

export interface InstrumentShare {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

export const isInShare = (instrument: number, { index, of }: InstrumentShare): boolean =>
  instrument % of === index;

/** Instruments of a share, of so many in the feed. */
export const sizeOfShare = (instruments: number, { index, of }: InstrumentShare): number =>
  Math.max(0, Math.ceil((instruments - index) / of));

/** The block's events of a share, which overwrite the others. */
export function keepShare(
  { exports }: HistoryKernel,
  { address, count }: EventBlock,
  { index, of }: InstrumentShare,
): EventBlock {
  return { address, count: exports.keepShare(address, count, index, of) };
}
