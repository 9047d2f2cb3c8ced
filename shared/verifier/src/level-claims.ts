/** How much a verification held in its hands. */
export type Level = 'settlement' | 'data';

export interface Circumstances {
  readonly level: Level;
  readonly epochs: number;
  readonly devKeys: boolean;
  /** The caller said which genesis it expects. */
  readonly genesisPinned: boolean;
  /** The level was not asked for but follows from the files that are there. */
  readonly levelChosen: boolean;
  /** Epochs before the range whose proofs were not checked. */
  readonly unproved: number;
}

/** What an accepted chain shows, in words for people. */
export function shownClaims({ level, epochs }: Circumstances): string[] {
  if (epochs === 0) return [];
  const shown = [
    'conservation: what the records move is what the accounts changed by, in each asset',
    "no negative balance at the end of an epoch, the supply account's outstanding amount included",
    'dQuote = price x dBase in every trade; every record obeys the rules of its kind',
    'the exact order and content of the records, bound by digests, from genesis without gaps',
    'every header is signed by the operator key of the genesis and names the one before it',
  ];
  if (level === 'data') {
    shown.push(
      'the records files are the proved records; every balance was recomputed from genesis',
    );
  }
  return shown;
}

/** What it does not show. */
export function notShownClaims(circumstances: Circumstances): string[] {
  const { level, epochs, devKeys, genesisPinned, levelChosen, unproved } = circumstances;
  if (epochs === 0) return ['anything about balances: the chain has no epoch yet'];
  const notShown: string[] = [];
  if (devKeys) {
    notShown.push(
      level === 'data'
        ? 'what the proofs add to the records: INSECURE development keys, anyone can forge them'
        : 'anything at all to a stranger: INSECURE development keys, anyone can forge the proofs',
    );
  }
  if (unproved > 0) {
    notShown.push(`the proofs of epochs 0 to ${unproved - 1}: only their headers were followed`);
  }
  if (level === 'settlement') {
    const cause = levelChosen
      ? 'the records files are not all there'
      : 'level settlement was asked';
    notShown.push(`what the records are: ${cause}, so they were not recomputed`);
  }
  if (!genesisPinned) {
    notShown.push('that this is the right chain: compare the genesis hash with one you trust');
  }
  notShown.push(
    'that the records follow from the orders by price-time priority, and fees from the rules',
    'who authorised an order',
    'that deposits are backed',
    "that the log ranges are the log: the operator's signature says so; replay and receipts check",
    'that no later epoch exists',
  );
  return notShown;
}
