import { STATEMENT_BYTES } from '@foldbook/stark/verify';
import { ByteWriter, domainHash } from '../bytes.ts';
import { type ByteReader, type Decoded, decode } from '../decoding.ts';
import {
  readCount,
  readSigned,
  type SignedEpoch,
  signedBytes,
  writeSigned,
} from '../epoch-file.ts';
import { decodeStarkHeader, STARK_HEADER_BYTES, type StarkHeader } from './header.ts';

export interface StarkPart {
  /** STATEMENT_BYTES, not yet read. */
  readonly statement: Uint8Array;
  /** Not yet checked. */
  readonly proof: Uint8Array;
}

/** One epoch of the STARK chain as it is kept. */
export interface StarkEpochFile extends SignedEpoch {
  /** In the order of the records that they are about; none of an epoch without records. */
  readonly parts: readonly StarkPart[];
}

/** An epoch file whose header has been decoded too. */
export interface DecodedStarkEpoch extends StarkEpochFile {
  readonly header: StarkHeader;
}

const PART_BYTES = STATEMENT_BYTES + 4;

export function encodeStarkEpochFile(epoch: StarkEpochFile): Uint8Array {
  const { parts } = epoch;
  const proofs = parts.reduce((sum, { proof }) => sum + proof.length, 0);
  const writer = new ByteWriter(signedBytes(epoch) + 4 + PART_BYTES * parts.length + proofs);
  writeSigned(writer, epoch);
  writer.unsigned(parts.length, 4);
  for (const { statement, proof } of parts) {
    writer.bytes(statement, STATEMENT_BYTES);
    writer.unsigned(proof.length, 4).bytes(proof, proof.length);
  }
  return writer.finish();
}

/** Errors are EPOCH_FILE_FORMAT. Statements and proofs are not read. */
export function decodeStarkEpochFile(bytes: Uint8Array): Decoded<DecodedStarkEpoch> {
  return decode(bytes, 'EPOCH_FILE_FORMAT', 'epoch file', readEpoch);
}

function readEpoch(reader: ByteReader): DecodedStarkEpoch {
  const signed = readSigned(reader, STARK_HEADER_BYTES, decodeStarkHeader);
  const { partCount } = signed.header;
  readCount(reader, 'parts', partCount, PART_BYTES);
  const parts: StarkPart[] = [];
  while (parts.length < partCount) {
    const statement = reader.bytes(STATEMENT_BYTES);
    parts.push({ statement, proof: reader.bytes(reader.unsigned(4)) });
  }
  return { ...signed, parts };
}

/** What a header's `digestListHash` is of a STARK chain: 32 bytes of all statements in order. */
export function partsHash(statements: readonly Uint8Array[]): Uint8Array {
  const count = new ByteWriter(4).unsigned(statements.length, 4).finish();
  return domainHash('foldbook/stark-parts/v1\n', count, ...statements);
}
