/** How much a verification held in its hands. */
export type Level = 'settlement' | 'data';
export const LEVELS: readonly Level[] = ['settlement', 'data'];

export const isLevel = (name: string): name is Level =>
  (LEVELS as readonly string[]).includes(name);

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
  /** Epochs behind the range, which were not read at all. */
  readonly unread: number;
}

const SIGNED =
  'every header is signed by the operator key of the genesis and names the one before it';

/**
 * What an accepted chain shows, in words for people. Without the records all rests on the proofs:
 * under a development key, which anybody can forge with, that is nothing but who signed; and of
 * epochs whose proofs were not checked it takes the balances as they are claimed.
 */
export function shownClaims({ level, epochs, devKeys, unproved }: Circumstances): string[] {
  if (level === 'settlement' && devKeys) return [SIGNED];
  const isPart = level === 'settlement' && unproved > 0;
  const where = isPart ? `in epochs ${unproved} to ${unproved + epochs - 1}: ` : '';
  const shown = [
    'conservation: what the records move is what the accounts changed by, in each asset',
    "no negative balance at the end of an epoch, the supply account's outstanding amount included",
    'dQuote = price x dBase in every trade; every record obeys the rules of its kind',
    'the exact order and content of the records, bound by digests, without gaps',
  ].map((claim) => where + claim);
  shown.push(SIGNED);
  if (level === 'data') {
    shown.push(
      'the records files are the proved records; every balance was recomputed from genesis',
      'fees and rebates are what the rules in force at each trade give, whoever was its taker',
    );
  }
  return shown;
}

/** What it does not show. */
export function notShownClaims(circumstances: Circumstances): string[] {
  const { level, epochs, devKeys, genesisPinned, levelChosen, unproved, unread } = circumstances;
  const notShown: string[] = [];
  if (unread > 0) {
    const first = unproved + epochs;
    const left = unread === 1 ? `epoch ${first}` : `epochs ${first} to ${first + unread - 1}`;
    notShown.push(`anything about ${left}: not asked for, headers not read either`);
  }
  if (devKeys) {
    notShown.push(
      level === 'data'
        ? 'what the proofs add to the records: INSECURE development keys, anyone can forge them'
        : 'anything at all to a stranger: INSECURE development keys, anyone can forge the proofs',
    );
  }
  if (unproved > 0) {
    notShown.push(`the proofs of epochs 0 to ${unproved - 1}: only their headers were followed`);
    if (level === 'settlement') {
      notShown.push(
        `that the balances before epoch ${unproved} are right: those after rest on them`,
      );
    }
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
    'that the records follow from the orders by price-time priority',
    level === 'data'
      ? "that the changes of rules are the log's, and which side of a trade was the taker"
      : 'that fees follow from the rules: level data checks that',
    'who authorised an order',
    'that deposits are backed',
    "that log ranges, state hash and times are the log's: the operator says so; a replay of the " +
      'log and signed receipts, which a later version checks, would show it',
    'that no other history exists under this genesis: compare the head hash with what others see',
    'that no later epoch exists',
  );
  return notShown;
}
