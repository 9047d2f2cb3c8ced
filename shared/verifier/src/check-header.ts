import { bytesToHex, sameBytes } from './bytes.ts';
import type { ChainState } from './chain-state.ts';
import type { HeadedEpoch } from './epoch-file.ts';
import type { GenesisFields } from './genesis.ts';
import type { HeaderFields } from './header.ts';
import { keyOfEpoch, type OperatorKeys } from './operator-keys.ts';
import { ACCEPTED, type ReasonCode, refused, type Verdict } from './reason-codes.ts';
import { headerIsSigned } from './signature.ts';

/** What holds for all headers of a chain. */
export interface HeaderContext {
  readonly genesis: GenesisFields;
  readonly genesisHash: Uint8Array;
  readonly operatorKeys: OperatorKeys;
}

/** Whether a header is of this chain, next in it, signed, and continues what came before. */
export function checkHeader<Root extends bigint | Uint8Array>(
  { genesis, genesisHash, operatorKeys }: HeaderContext,
  state: ChainState<Root>,
  { header, headerBytes, signature }: HeadedEpoch<Root>,
): Verdict {
  const place = checkPlace(genesis, genesisHash, state, header);
  if (!place.ok) return place;
  const key = keyOfEpoch(operatorKeys, header.epoch);
  if (!headerIsSigned(headerBytes, signature, key)) {
    const words = `the signature is not by the operator key ${bytesToHex(key)}`;
    return refused('HEADER_SIGNATURE', words);
  }
  return checkContinuation(state, header);
}

/** Asked before the signature, so that a file in the wrong place is called just that. */
function checkPlace<Root>(
  genesis: GenesisFields,
  genesisHash: Uint8Array,
  state: ChainState<Root>,
  header: HeaderFields<Root>,
): Verdict {
  if (header.market !== genesis.market) {
    return differs('MARKET', 'market', header.market, genesis.market);
  }
  if (!sameBytes(header.chainId, genesisHash)) {
    return differs('CHAIN_ID', 'chain id', header.chainId, genesisHash);
  }
  if (header.epoch !== state.nextEpoch) {
    return differs('EPOCH_ORDER', 'epoch number', header.epoch, state.nextEpoch);
  }
  return ACCEPTED;
}

/** Whether a header goes on where the chain before it ended. */
export function checkContinuation<Root extends bigint | Uint8Array>(
  state: ChainState<Root>,
  header: HeaderFields<Root>,
): Verdict {
  const { previous, rootOld, logHeadStart, logFirst, logLast, sequenceFirst, sequenceLast } =
    header;
  if (!sameBytes(previous, state.previousHash)) {
    return differs('HEADER_CHAIN', 'previous header hash', previous, state.previousHash);
  }
  if (!isSame(rootOld, state.root)) return differs('ROOT_CHAIN', 'old root', rootOld, state.root);
  if (!sameBytes(logHeadStart, state.logHead)) {
    return differs('LOG_CHAIN', 'log head at the start', logHeadStart, state.logHead);
  }
  // Other markets' groups may lie in between: the log is a partition's, not a market's.
  if (logFirst <= state.logLast) {
    const message = `log starts at ${logFirst}, the epoch before ended at ${state.logLast}`;
    return refused('LOG_CHAIN', message);
  }
  const nextSequence = state.sequenceLast + 1n;
  if (sequenceFirst !== nextSequence) {
    return differs('SEQUENCE_CHAIN', 'first sequence', sequenceFirst, nextSequence);
  }
  if (header.recordFirst !== state.recordNext) {
    return differs('RECORD_CHAIN', 'first record', header.recordFirst, state.recordNext);
  }
  if (header.timeNs < state.timeNs) {
    const message = `closed at ${header.timeNs} ns, the epoch before at ${state.timeNs} ns`;
    return refused('TIME_ORDER', message);
  }
  for (const [name, first, last] of [
    ['log', logFirst, logLast],
    ['sequence', sequenceFirst, sequenceLast],
    ['record', header.recordFirst, header.recordFirst + BigInt(header.recordCount)],
  ] as const) {
    if (last < first || last >> 64n !== 0n) {
      return refused('HEADER_RANGE', `the ${name} range ${first} to ${last} is not a range`);
    }
  }
  return ACCEPTED;
}

type Shown = Uint8Array | bigint | number;

const isSame = (left: Shown, right: Shown): boolean =>
  left instanceof Uint8Array && right instanceof Uint8Array
    ? sameBytes(left, right)
    : left === right;

function differs(code: ReasonCode, what: string, found: Shown, expected: Shown): Verdict {
  const show = (value: Shown): string =>
    value instanceof Uint8Array ? bytesToHex(value) : value.toString();
  return refused(code, `${what} is ${show(found)}, expected is ${show(expected)}`);
}
