// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto';
import {
  type ChainState,
  type GenesisFields,
  type HeaderFields,
  packRecords,
  rulesHashAfter,
} from '@foldbook/verifier';
import type { ClosedEpoch } from './epoch-batcher.ts';

/** What a header says whose proofs nobody has divided yet. */
type PlainFields<Root> = Omit<HeaderFields<Root>, 'rootNew' | 'digestListHash'>;

/** The fields of the header of a closed epoch that follows `tip`, of any chain. */
export function headerFields<Root>(
  { genesis, chainId }: { readonly genesis: GenesisFields; readonly chainId: Uint8Array },
  tip: ChainState<Root>,
  closed: ClosedEpoch,
): PlainFields<Root> {
  const { logHeadStart, logHeadEnd, stateHash, timeNs, records, changes } = closed;
  return {
    market: genesis.market,
    epoch: BigInt(closed.epoch),
    chainId,
    previous: tip.previousHash,
    rulesHash: rulesHashAfter(tip.rulesHash, changes),
    logHeadStart,
    logHeadEnd,
    logFirst: BigInt(closed.logFirst),
    logLast: BigInt(closed.logLast),
    sequenceFirst: BigInt(closed.sequenceFirst),
    sequenceLast: BigInt(closed.sequenceLast),
    recordFirst: BigInt(closed.recordFirst),
    recordCount: records.length,
    changeCount: changes.length,
    stateHash,
    timeNs,
    rootOld: tip.root,
    dataDigest: Uint8Array.from(createHash('sha256').update(packRecords(records)).digest()),
  };
}
