import type { Receipt } from '@foldbook/protocol/receipt';
import { bytesToHex, sameBytes } from './bytes.ts';
import type { HeaderFields } from './header.ts';

/** Where a receipt stands to an epoch, by the header alone. */
export type ReceiptPlace =
  | { readonly at: 'before' | 'behind' }
  /** In it: the groups from there to its end say whether the two fit. */
  | { readonly at: 'inside' }
  /** Of its last group, with its very head. */
  | { readonly at: 'end' }
  | { readonly at: 'nowhere'; readonly words: string };

type Spot = Pick<
  HeaderFields<unknown>,
  'logFirst' | 'logLast' | 'sequenceFirst' | 'sequenceLast' | 'logHeadEnd'
>;

/** Both are of one market. An epoch ends with a group and begins with one. */
export function placeInEpoch(receipt: Receipt, epoch: Spot): ReceiptPlace {
  const { logFirst, logLast, sequenceFirst, sequenceLast, logHeadEnd } = epoch;
  const log = BigInt(receipt.logSequence);
  const first = BigInt(receipt.first);
  const last = BigInt(receipt.last);
  if (last < sequenceFirst && log < logFirst) return { at: 'before' };
  if (first > sequenceLast && log > logLast) return { at: 'behind' };
  const sequences = `market sequences ${sequenceFirst} to ${sequenceLast}`;
  const where = `log ${logFirst} to ${logLast}, ${sequences}`;
  const said = `log sequence ${log}, market sequences ${first} to ${last}`;
  const nowhere = (why: string): ReceiptPlace => ({
    at: 'nowhere',
    words: `${why}: the receipt has ${said}, the epoch ${where}`,
  });
  const isIn = log >= logFirst && log <= logLast;
  if (!isIn || first < sequenceFirst || last > sequenceLast) return nowhere('it fits nowhere');
  if ((first === sequenceFirst) !== (log === logFirst)) return nowhere('not the first group');
  if ((last === sequenceLast) !== (log === logLast)) return nowhere('not the last group');
  if (last !== sequenceLast) return { at: 'inside' };
  if (sameBytes(receipt.head, logHeadEnd)) return { at: 'end' };
  const heads = `${bytesToHex(receipt.head)} and ${bytesToHex(logHeadEnd)}`;
  return { at: 'nowhere', words: `the chain's head after ${last} is said to be ${heads}` };
}
