import { EMPTY_ROOT } from './account-tree.ts';
import { HASH_BYTES, type HeaderFields, headerHash } from './header.ts';
import { RULES_START } from './rules.ts';

/** What the next epoch has to continue. */
export interface ChainState<Root = bigint> {
  readonly nextEpoch: bigint;
  /** Hash of the header before; of the genesis at the start. */
  readonly previousHash: Uint8Array;
  readonly root: Root;
  /** Head of the rules' chain. */
  readonly rulesHash: Uint8Array;
  readonly logHead: Uint8Array;
  /** Log sequence of the last group so far; -1 at the start. */
  readonly logLast: bigint;
  /** Market sequence of the last command so far; 0 at the start. */
  readonly sequenceLast: bigint;
  /** Settlement records so far. */
  readonly recordNext: bigint;
  readonly timeNs: bigint;
}

/** An empty market at its genesis, before its first command. */
export function initialChainState(genesisHash: Uint8Array): ChainState {
  return chainStateFrom(genesisHash, EMPTY_ROOT);
}

/** The same of any chain. @param root - of no balances */
export function chainStateFrom<Root>(genesisHash: Uint8Array, root: Root): ChainState<Root> {
  return {
    nextEpoch: 0n,
    previousHash: genesisHash,
    root,
    rulesHash: RULES_START,
    logHead: new Uint8Array(HASH_BYTES),
    logLast: -1n,
    sequenceLast: 0n,
    recordNext: 0n,
    timeNs: -(1n << 63n),
  };
}

export function chainStateAfter<Root>(
  header: HeaderFields<Root>,
  headerBytes: Uint8Array,
): ChainState<Root> {
  return {
    nextEpoch: header.epoch + 1n,
    previousHash: headerHash(headerBytes),
    root: header.rootNew,
    rulesHash: header.rulesHash,
    logHead: header.logHeadEnd,
    logLast: header.logLast,
    sequenceLast: header.sequenceLast,
    recordNext: header.recordFirst + BigInt(header.recordCount),
    timeNs: header.timeNs,
  };
}
