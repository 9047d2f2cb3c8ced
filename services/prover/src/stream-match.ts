// SPDX-License-Identifier: GPL-3.0-or-later
/** Whether a stream is that of a store. */
import {
  bytesToHex,
  type Creation,
  type GenesisFields,
  type HeaderFields,
  RULES_START,
  rulesHashAfter,
} from '@foldbook/verifier';
import type { MarketEpoch } from './closed-epochs.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import { epochData } from './epoch-data.ts';
import { sameBytes } from './operator-key.ts';

/** Whether a chain began with the market that the stream is of. */
export function isGenesisOf(genesis: GenesisFields, market: number, creation: Creation): boolean {
  return (
    genesis.market === market &&
    sameBytes(genesis.rulesHash, rulesHashAfter(RULES_START, [creation]))
  );
}

type AnyHeader = HeaderFields<unknown>;

/** Whether a stored epoch is the stream's, as far as the header says what the stream does. */
export function isHeaderOf(header: AnyHeader, closed: ClosedEpoch): boolean {
  return (
    header.recordFirst === BigInt(closed.recordFirst) &&
    header.recordCount === closed.records.length &&
    header.sequenceLast === BigInt(closed.sequenceLast) &&
    header.stateHash === closed.stateHash &&
    sameBytes(header.logHeadEnd, closed.logHeadEnd)
  );
}

/** What a chain has to be held against, also where it can't be gone on with. */
export interface StoredChainOf {
  readonly genesis: GenesisFields;
  readonly headerOf: (epoch: number) => Promise<AnyHeader | undefined>;
}

/** Whether the data of an epoch belong into the store of a chain that nobody has checked. */
export async function areDataOf(
  { genesis, headerOf }: StoredChainOf,
  { marketNumber, closed }: MarketEpoch,
  creation: Creation | undefined,
): Promise<boolean> {
  if (creation === undefined || !isGenesisOf(genesis, marketNumber, creation)) return false;
  const header = await headerOf(closed.epoch);
  if (header === undefined) return true;
  const { digest } = epochData(closed.records).records;
  return isHeaderOf(header, closed) && bytesToHex(header.dataDigest) === digest;
}
