/** Two chains of one market, each verified by itself: whether they tell of the same. */
import type { AccountTable } from '@foldbook/stark/verify';
import { AccountTree } from './account-tree.ts';
import { bytesToHex } from './bytes.ts';
import type { Decoded } from './decoding.ts';
import { decodeEpochFile, type HeadedEpoch } from './epoch-file.ts';
import { type EpochSource, epochFileName } from './epoch-source.ts';
import { toBigEndian } from './field.ts';
import { headerHash } from './header.ts';
import { differingField, FROM_GROUPS, shown } from './log-conflict.ts';
import { type Refused, refused } from './reason-codes.ts';
import { decodeStarkEpochFile } from './stark/epoch-file.ts';
import type { ChainAccepted } from './verify-chain.ts';

/** Of one market. */
export interface ChainPair {
  readonly poseidon: EpochSource;
  readonly stark: EpochSource;
}

export type Comparison =
  | {
      readonly ok: true;
      /** Epochs that both have, all of which tell of the same records. */
      readonly epochs: number;
      /** The balances at their end were compared too: both end there, with their records. */
      readonly balances: boolean;
    }
  | (Refused & { readonly epoch: number });

/** Fields that follow from the market's log alone, whatever proves it, and its places there. */
const SHARED = [...FROM_GROUPS, 'logFirst', 'logLast'] as const;

/**
 * Compares the headers of the epochs that both chains have: their records are the same by the
 * digest of the file, and so are log, rules and state. Where both results end with one epoch, and
 * the STARK's has its balances, these are compared with the other chain's root. Epochs that were
 * verified and can't be read again are refused: what was not compared is not said to be the same.
 * @param epochs - how many from genesis on, at most; both chains were verified so far
 * @throws SourceError as the sources do
 */
export async function compareChains(
  sources: ChainPair,
  results: Readonly<Record<keyof ChainPair, ChainAccepted>>,
  epochs = Number.POSITIVE_INFINITY,
): Promise<Comparison> {
  const { poseidon, stark } = results;
  let epoch = 0;
  let atEnd = false;
  for (; epoch < epochs; epoch++) {
    const one = await readEpoch(sources.poseidon, epoch, decodeEpochFile);
    const other = await readEpoch(sources.stark, epoch, decodeStarkEpochFile);
    if (one === undefined || other === undefined) break;
    const field = differingField(one.header, other.header, SHARED);
    if (field === undefined) {
      atEnd ||= isHead(one, poseidon) || isHead(other, stark);
      continue;
    }
    const [ofOne, ofOther] = [shown(one.header[field]), shown(other.header[field])];
    const message = `${field} is ${ofOne} in the Poseidon chain, ${ofOther} in the STARK's`;
    return { ...refused('CHAINS_DIFFER', message), epoch };
  }
  if (!atEnd) {
    const message = `before epoch ${epoch} neither chain has the end that was verified: try again`;
    return { ...refused('STORE_READ', message), epoch };
  }
  const isSameEnd = poseidon.seqRange.last === stark.seqRange.last;
  if (!isSameEnd || stark.accounts === undefined)
    return { ok: true, epochs: epoch, balances: false };
  const root = bytesToHex(toBigEndian(rootOf(stark.accounts)));
  if (root === poseidon.toRoot) return { ok: true, epochs: epoch, balances: true };
  const message = `the STARK's balances have root ${root}, the Poseidon chain ends at another`;
  return { ...refused('CHAINS_DIFFER', message), epoch: epoch - 1 };
}

/** Whether a chain was verified up to this epoch. */
const isHead = ({ headerBytes }: HeadedEpoch, { headHash }: ChainAccepted): boolean =>
  bytesToHex(headerHash(headerBytes)) === headHash;

async function readEpoch<Epoch extends HeadedEpoch>(
  source: EpochSource,
  epoch: number,
  decode: (file: Uint8Array) => Decoded<Epoch>,
): Promise<Epoch | undefined> {
  const file = await source.epochFile(epochFileName(epoch));
  const decoded = file && decode(file);
  return decoded?.ok === true ? decoded.value : undefined;
}

/** Of the Poseidon chain's tree with these balances. */
function rootOf({ ids, base, quote }: AccountTable): bigint {
  const tree = new AccountTree();
  ids.forEach((id, row) => {
    tree.set(id, base[row] ?? 0n, quote[row] ?? 0n);
  });
  return tree.root();
}
