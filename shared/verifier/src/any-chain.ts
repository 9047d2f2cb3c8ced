/** Headers and epochs of either kind of chain, for all that does not depend on the kind. */
import type { ChainKind } from './chain-follower.ts';
import type { Decoded } from './decoding.ts';
import { decodeEpochFile, type HeadedEpoch } from './epoch-file.ts';
import { decodeHeader, type HeaderFields } from './header.ts';
import { decodeStarkEpochFile } from './stark/epoch-file.ts';
import { decodeStarkHeader } from './stark/header.ts';

export type AnyHeader = HeaderFields<bigint | Uint8Array>;

/** Errors are HEADER_FORMAT, also for a header of another kind. */
export function decodeHeaderOf(chain: ChainKind, bytes: Uint8Array): Decoded<AnyHeader> {
  return chain === 'stark' ? decodeStarkHeader(bytes) : decodeHeader(bytes);
}

/** Errors are EPOCH_FILE_FORMAT, also for an epoch of another kind. */
export function decodeEpochOf(
  chain: ChainKind,
  file: Uint8Array,
): Decoded<HeadedEpoch<bigint | Uint8Array>> {
  return chain === 'stark' ? decodeStarkEpochFile(file) : decodeEpochFile(file);
}
