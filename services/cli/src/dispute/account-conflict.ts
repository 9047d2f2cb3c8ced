/** An account proof against the signed epochs of a store: two words of one operator. */
import {
  type AccountProofFile,
  decodeHeaderOf,
  type Evidence,
  encodeKeyChanges,
  headersConflict,
  keyListConflict,
  operatorKeys,
  readGenesisFile,
} from '@foldbook/verifier';
import type { SignedChain } from './signed-epochs.ts';

export interface AccountConflict {
  readonly words: string;
  readonly evidence: Evidence;
}

/**
 * Where a proof that holds by itself and the store's chain can't both be true; undefined where they
 * can. A store that ends before the proof's epoch may contradict it too: the next epoch's header
 * names the one before it, and any later one begins behind it.
 */
export function accountConflict(
  proof: AccountProofFile,
  chain: SignedChain,
): AccountConflict | undefined {
  const { genesisBytes: genesis } = chain;
  if (Buffer.compare(proof.genesis, genesis) !== 0) return undefined;
  const start = readGenesisFile(proof.genesis);
  const header = decodeHeaderOf(proof.chain, proof.headerBytes);
  if ('ok' in start || !header.ok) return undefined;
  const keys = operatorKeys(start.genesis, start.genesisHash, proof.keyChanges);
  if (!keys.ok) return undefined;
  const keyChanges = proof.keyChanges.length === 0 ? undefined : encodeKeyChanges(proof.keyChanges);
  const lists = keyListConflict(keys, chain.operatorKeys);
  if (lists !== undefined && keyChanges !== undefined && chain.keyChanges !== undefined) {
    const both = [keyChanges, chain.keyChanges];
    return { words: lists.words, evidence: { kind: 'keys', genesis, lists: both } };
  }
  const { epoch } = header.value;
  const other = chain.epochs[Number(epoch)] ?? chain.epochs.at(-1);
  if (other === undefined) return undefined;
  const own = { header: header.value, bytes: proof.headerBytes };
  const words = headersConflict(own, { header: other.header, bytes: other.signed.header });
  if (words === undefined) return undefined;
  const signed = { header: proof.headerBytes, signature: proof.signature, keyChanges };
  return { words, evidence: { kind: 'headers', genesis, headers: [signed, other.signed] } };
}
