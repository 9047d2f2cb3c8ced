import type { Receipt } from '@foldbook/protocol/receipt';
import { sameBytes } from './bytes.ts';

/** In memory; what is older was compared with what came by then. */
const MOST_RECEIPTS = 65_536;

/**
 * Why two receipts of a venue can't both be true; undefined where they can. Both are signed, so
 * two that disagree are evidence against whoever signed them.
 */
export function receiptConflict(a: Receipt, b: Receipt): string | undefined {
  const isSameLog = a.partition === b.partition;
  const isSamePlace = isSameLog && a.logSequence === b.logSequence;
  // A partition's markets share its log, and a group is one market's.
  if (a.market !== b.market) {
    const place = `log sequence ${a.logSequence} of partition ${a.partition}`;
    return isSamePlace ? `${place} holds a group of ${a.market} and one of ${b.market}` : undefined;
  }
  const [early, late] = a.first <= b.first ? [a, b] : [b, a];
  if (late.first <= early.last || isSamePlace) return groupConflict(early, late);
  if (isSameLog && early.logSequence > late.logSequence) {
    const places = `${early.logSequence} and ${late.logSequence}`;
    const words = `market sequences ${early.first} and ${late.first} at log sequences ${places}`;
    return `${words}: the later group comes first in the log`;
  }
  if (early.term > late.term) {
    return `market sequence ${early.first} in term ${early.term}, ${late.first} in ${late.term}`;
  }
  return undefined;
}

const GROUP_FIELDS = ['partition', 'logSequence', 'term', 'first', 'last', 'timeNs'] as const;

/** Of two receipts of what has to be one group. */
function groupConflict(early: Receipt, late: Receipt): string | undefined {
  const group = `the group of market sequence ${late.first}`;
  for (const field of GROUP_FIELDS) {
    if (early[field] === late[field]) continue;
    return `${group} has ${field} ${early[field]} and ${late[field]}`;
  }
  if (!sameBytes(early.head, late.head)) return `${group} has two chain heads`;
  const [front, back] = early.ownFirst <= late.ownFirst ? [early, late] : [late, early];
  if (back.ownFirst >= front.ownFirst + front.ownCount) return undefined;
  const isOne =
    front.ownFirst === back.ownFirst &&
    front.ownCount === back.ownCount &&
    sameBytes(front.ownHash, back.ownHash);
  return isOne ? undefined : `market sequence ${back.ownFirst} holds two commands`;
}

export interface ReceiptConflict {
  readonly earlier: Receipt;
  readonly later: Receipt;
  readonly words: string;
}

/**
 * Receipts of one venue in the order of their market; a new one is held against its neighbours, and
 * against what another market has in its place of the log.
 */
export class ReceiptBook {
  readonly #markets = new Map<string, Receipt[]>();
  /** By partition and log sequence; the places of each log in the order in which they came. */
  readonly #logs = new Map<number, Map<number, Receipt>>();
  readonly #most: number;

  /** @param most - receipts that are kept of a market, and places that are of a log */
  constructor(most = MOST_RECEIPTS) {
    this.#most = most;
  }

  /**
   * Keeps a receipt whose signature was checked. Log sequences and terms rise with the market's
   * sequences among those that agree, so a receipt that agrees with both neighbours does with all
   * of its market.
   */
  add(receipt: Receipt): ReceiptConflict | undefined {
    return this.#addToMarket(receipt) ?? this.#addToLog(receipt);
  }

  #addToLog(receipt: Receipt): ReceiptConflict | undefined {
    const { partition, logSequence } = receipt;
    const places = this.#logs.get(partition) ?? new Map<number, Receipt>();
    this.#logs.set(partition, places);
    const other = places.get(logSequence);
    if (other !== undefined) {
      const words = receiptConflict(other, receipt);
      return words === undefined ? undefined : { earlier: other, later: receipt, words };
    }
    places.set(logSequence, receipt);
    const [oldest] = places.keys();
    if (places.size > this.#most && oldest !== undefined) places.delete(oldest);
    return undefined;
  }

  #addToMarket(receipt: Receipt): ReceiptConflict | undefined {
    const list = this.#markets.get(receipt.market) ?? [];
    this.#markets.set(receipt.market, list);
    const at = placeOf(list, receipt);
    for (const other of [list[at - 1], list[at]]) {
      const words = other && receiptConflict(other, receipt);
      if (words !== undefined) return { earlier: other as Receipt, later: receipt, words };
    }
    list.splice(at, 0, receipt);
    if (list.length > this.#most) list.shift();
    return undefined;
  }
}

/** Behind all that begin before it. */
function placeOf(list: readonly Receipt[], { first, ownFirst }: Receipt): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = list[middle];
    const isBefore =
      other !== undefined &&
      (other.first < first || (other.first === first && other.ownFirst < ownFirst));
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}
