import { STATEMENT_BYTES } from '@foldbook/stark/verify';
import { ByteWriter, domainHash } from '../bytes.ts';
import { type ByteReader, type Decoded, decode } from '../decoding.ts';
import {
  PREFIX_BYTES,
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

/** Bytes somewhere, read in pieces. */
export interface ByteSource {
  readonly length: number;
  /** Fewer than `length` bytes where the source has become shorter. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

/** Without the proof itself. */
const PART_BYTES = STATEMENT_BYTES + 4;
/** What stands before the first proof where no rules change. */
const HEAD_BYTES = signedBytes(STARK_HEADER_BYTES, 0) + 4 + PART_BYTES;

export function encodeStarkEpochFile(epoch: StarkEpochFile): Uint8Array {
  const { parts } = epoch;
  const proofs = parts.reduce((sum, { proof }) => sum + proof.length, 0);
  const signed = signedBytes(epoch.headerBytes.length, epoch.changes.length);
  const writer = new ByteWriter(signed + 4 + PART_BYTES * parts.length + proofs);
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

/**
 * An epoch with empty proofs, of a file whose proofs are not read: they are all but some 1.4 KB of
 * it. Undefined for a file that `decodeStarkEpochFile` refuses, which says why.
 */
export async function readStarkEpochHead(
  source: ByteSource,
): Promise<DecodedStarkEpoch | undefined> {
  const { length } = source;
  const head = await source.read(0, Math.min(HEAD_BYTES, length));
  const piece = async (start: number, end: number): Promise<Uint8Array | undefined> => {
    if (end > length) return undefined;
    if (end <= head.length) return head.subarray(start, end);
    const bytes = await source.read(start, end - start);
    return bytes.length === end - start ? bytes : undefined;
  };
  const header = decodeStarkHeader(head.subarray(PREFIX_BYTES, PREFIX_BYTES + STARK_HEADER_BYTES));
  if (!header.ok) return undefined;
  const { changeCount, partCount } = header.value;
  let at = signedBytes(STARK_HEADER_BYTES, changeCount) + 4;
  const size = at + PART_BYTES * partCount;
  const before = await piece(0, at);
  if (before === undefined || size > length) return undefined;
  const hollow = new ByteWriter(size).bytes(before, at);
  for (let part = 0; part < partCount; part += 1) {
    const bytes = await piece(at, at + PART_BYTES);
    if (bytes === undefined) return undefined;
    hollow.bytes(bytes.subarray(0, STATEMENT_BYTES), STATEMENT_BYTES).unsigned(0, 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    at += PART_BYTES + view.getUint32(STATEMENT_BYTES, true);
  }
  if (at !== length) return undefined;
  // The reader of whole files sees to all else, in one whose proofs are empty.
  const decoded = decodeStarkEpochFile(hollow.finish());
  return decoded.ok ? decoded.value : undefined;
}

/** What a header's `digestListHash` is of a STARK chain: 32 bytes of all statements in order. */
export function partsHash(statements: readonly Uint8Array[]): Uint8Array {
  const count = new ByteWriter(4).unsigned(statements.length, 4).finish();
  return domainHash('foldbook/stark-parts/v1\n', count, ...statements);
}
