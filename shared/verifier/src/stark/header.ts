import { ByteWriter } from '../bytes.ts';
import { type ByteReader, type Decoded, decode } from '../decoding.ts';
import {
  HASH_BYTES,
  HEADER_BYTES,
  type HeaderFields,
  readHeader,
  STARK_CHAIN,
  writeHeader,
} from '../header.ts';

export const STARK_HEADER_BYTES = HEADER_BYTES + HASH_BYTES;

/**
 * What the operator signs about one epoch of the STARK chain. Roots are digests of the account
 * tables' commitments (`commitmentDigest`), the genesis table's at the start; `digestListHash` is
 * that of the parts' statements (`partsHash`).
 */
export interface StarkHeader extends HeaderFields<Uint8Array> {
  readonly partCount: number;
  /** Root of the plain tree of the account table's rows at the epoch's end (`plainRoot`). */
  readonly accountsRoot: Uint8Array;
}

/** The signed bytes: a header of chain kind 2, STARK_HEADER_BYTES. */
export function encodeStarkHeader(header: StarkHeader): Uint8Array {
  const writer = new ByteWriter(STARK_HEADER_BYTES);
  const counts = { batchCount: header.partCount, accountProofCount: 0 };
  writeHeader(writer, STARK_CHAIN, { ...header, ...counts }, (root) => root);
  return writer.bytes(header.accountsRoot, HASH_BYTES).finish();
}

/** Errors are HEADER_FORMAT. */
export function decodeStarkHeader(bytes: Uint8Array): Decoded<StarkHeader> {
  return decode(bytes, 'HEADER_FORMAT', 'epoch header', readStarkHeader);
}

function readStarkHeader(reader: ByteReader): StarkHeader {
  const read = readHeader(reader, STARK_CHAIN, () => reader.bytes(HASH_BYTES));
  const { batchCount: partCount, accountProofCount, ...fields } = read;
  if (accountProofCount !== 0) {
    reader.refuse(`${accountProofCount} account proofs; a STARK chain has none`);
  }
  return { ...fields, partCount, accountsRoot: reader.bytes(HASH_BYTES) };
}
