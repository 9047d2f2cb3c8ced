import type { ChainKind } from './chain-follower.ts';

/** How much a verification held in its hands. */
export type Level = 'settlement' | 'data' | 'replay';
export const LEVELS: readonly Level[] = ['settlement', 'data', 'replay'];

/** Levels at which the records are at hand, published or out of the log. */
export const hasRecords = (level: Level): boolean => level !== 'settlement';

export const isLevel = (name: string): name is Level =>
  (LEVELS as readonly string[]).includes(name);

export interface Circumstances {
  readonly chain: ChainKind;
  readonly level: Level;
  readonly epochs: number;
  readonly devKeys: boolean;
  /** How often the operator's key was changed. */
  readonly keyChanges: number;
  /** The caller said which genesis it expects. */
  readonly genesisPinned: boolean;
  /** The caller named the operator's key, and no later one is on the list of its changes. */
  readonly operatorKeyPinned: boolean;
  /** The level was not asked for but follows from the files that are there. */
  readonly levelChosen: boolean;
  /** Records that are there can be recomputed: for a STARK chain the caller says with what. */
  readonly canRecompute: boolean;
  /** Epochs before the range whose proofs were not checked. */
  readonly unproved: number;
  /** Epochs behind the range, which were not read at all. */
  readonly unread: number;
}

const signedClaim = (keyChanges: number): string =>
  keyChanges === 0
    ? 'every header is signed by the operator key of the genesis and names the one before it'
    : "every header names the one before it and is signed by its epoch's operator key: the " +
      "genesis's, or one that the key before it was changed to, as both keys signed";

const BOUND_BY: Readonly<Record<ChainKind, string>> = {
  poseidon: 'digests',
  stark: "their trees' roots",
};

const REPLAYED = [
  "records, and changes of the rules, are what this release's engine makes of the log's orders, " +
    'by price-time priority; every balance was recomputed from genesis',
  'fees and rebates are what the rules in force give the taker and the maker of each trade',
  "log ranges, heads and sequences, state hashes and times of closing are the log's",
];

/**
 * What an accepted chain shows, in words for people. Without the records all rests on the proofs:
 * under a development key, which anybody can forge with, that is nothing but who signed; and of
 * epochs whose proofs were not checked it takes the balances as they are claimed.
 */
export function shownClaims(circumstances: Circumstances): string[] {
  const { chain, level, epochs, devKeys, unproved } = circumstances;
  const signed = signedClaim(circumstances.keyChanges);
  if (level === 'settlement' && devKeys) return [signed];
  const proved = `epochs ${unproved} to ${unproved + epochs - 1}`;
  const isPart = level === 'settlement' && unproved > 0;
  const where = isPart ? `in ${proved}: ` : '';
  // A proof of the Poseidon chain has the leaves that it opens, and no others; a part has them all.
  const whose = isPart && chain === 'poseidon' ? ' of accounts that changed' : '';
  const outstanding = "the supply account's outstanding amount included";
  const shown = [
    'conservation: what the records move is what the accounts changed by, in each asset',
    `no negative balance${whose} at the end of an epoch, ${outstanding}`,
    'dQuote = price x dBase in every trade; every record obeys the rules of its kind',
    `the exact order and content of the records, bound by ${BOUND_BY[chain]}, without gaps`,
  ].map((claim) => where + claim);
  shown.push(signed);
  if (level === 'data') {
    const which = unproved > 0 ? `the signed records, in ${proved} proved` : 'the proved records';
    shown.push(
      `the records files are ${which}; every balance was recomputed from genesis`,
      'fees and rebates are what the rules in force at each trade give, whoever was its taker',
    );
  }
  if (level === 'replay') shown.push(...REPLAYED);
  return shown;
}

const notShownByLog = [
  'that the log has every order, in the order in which they came: signed receipts, held against ' +
    'it by "foldbook dispute", show it',
  'that the engine of this release is the one that the rules describe',
];

const notShownWithoutLog = (level: Level) => [
  'that the records follow from the orders by price-time priority: level replay shows it',
  level === 'data'
    ? "that the changes of rules are the log's, and which side of a trade was the taker"
    : 'that fees follow from the rules: level data checks that',
  "that log ranges, state hash and times are the log's: level replay, which holds the log, shows " +
    'it, and signed receipts do by "foldbook dispute"',
];

const PLAIN_TREE =
  "that the headers' plain trees of accounts are those of the balances: level data checks it";

const notShownByStark = [
  "that the STARK's design and code are right: nobody outside has reviewed them",
  'that records and balances stay hidden: nothing is, proofs open some of their values',
];

function settlementCause({ levelChosen, canRecompute }: Circumstances): string {
  if (!levelChosen) return 'level settlement was asked';
  if (canRecompute) return 'the records files are not all there';
  return 'this verifier was given nothing that commits to them';
}

/** Who has a key from before a change can leave the change out, and sign what follows. */
export const CHANGE_LEFT_OUT =
  "that no change of the operator's key is left out: compare its last key with one you trust";

/** What it does not show. */
export function notShownClaims(circumstances: Circumstances): string[] {
  const { chain, level, epochs, devKeys, genesisPinned, operatorKeyPinned } = circumstances;
  const { unproved, unread, keyChanges } = circumstances;
  const notShown: string[] = [];
  if (unread > 0) {
    const first = unproved + epochs;
    const left = unread === 1 ? `epoch ${first}` : `epochs ${first} to ${first + unread - 1}`;
    notShown.push(`anything about ${left}: not asked for, headers not read either`);
  }
  if (devKeys) {
    notShown.push(
      hasRecords(level)
        ? 'what the proofs add to the records: INSECURE development keys, anyone can forge them'
        : 'anything at all to a stranger: INSECURE development keys, anyone can forge the proofs',
    );
  }
  if (unproved > 0) {
    const instead = hasRecords(level)
      ? 'their records were recomputed, and are what was signed'
      : 'only their headers were followed';
    notShown.push(`the proofs of epochs 0 to ${unproved - 1}: ${instead}`);
    if (level === 'settlement') {
      notShown.push(
        `that the balances before epoch ${unproved} are right: those after rest on them`,
      );
    }
  }
  if (level === 'settlement') {
    const cause = settlementCause(circumstances);
    notShown.push(`what the records are: ${cause}, so they were not recomputed`);
    if (chain === 'stark') notShown.push(PLAIN_TREE);
  }
  if (!genesisPinned) {
    notShown.push('that this is the right chain: compare the genesis hash with one you trust');
  }
  if (!operatorKeyPinned) notShown.push(CHANGE_LEFT_OUT);
  if (chain === 'stark') notShown.push(...notShownByStark);
  notShown.push(
    ...(level === 'replay' ? notShownByLog : notShownWithoutLog(level)),
    'who authorised an order',
    'that deposits are backed',
    ...(keyChanges === 0
      ? []
      : ['that nobody else has a key that was changed: it could sign its epochs otherwise']),
    'that no other history exists under this genesis: compare the head hash with what others see',
    'that no later epoch exists',
  );
  return notShown;
}
