import { ByteWriter } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { toBigEndian } from './field.ts';
import { PROOF_BYTES } from './groth16.ts';
import { decodeHeader, type EpochHeader, HEADER_BYTES } from './header.ts';
import { SIGNATURE_BYTES } from './signature.ts';

export interface BatchProof {
  /** Records in use. */
  readonly count: number;
  readonly digest: bigint;
  readonly acc: bigint;
  /** A, B, C: 256 bytes, not yet checked. */
  readonly proof: Uint8Array;
}

export interface AccountProof {
  /** Accounts in use. */
  readonly count: number;
  readonly rootOut: bigint;
  readonly acc: bigint;
  readonly digest: bigint;
  readonly proof: Uint8Array;
}

/** One epoch as it is kept. Nothing implied is in it: places, challenge, rootIn are recomputed. */
export interface EpochFile {
  /** The signed bytes, 356 of them. */
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly batches: readonly BatchProof[];
  readonly accounts: readonly AccountProof[];
}

/** An epoch file whose header has been decoded too. */
export interface DecodedEpoch extends EpochFile {
  readonly header: EpochHeader;
}

const PREFIX_BYTES = 8;
const BATCH_BYTES = 4 + 2 * 32 + PROOF_BYTES;
const ACCOUNTS_BYTES = 4 + 3 * 32 + PROOF_BYTES;

function fileBytes(batchCount: number, accountProofCount: number): number {
  const fixed = PREFIX_BYTES + HEADER_BYTES + SIGNATURE_BYTES;
  return fixed + BATCH_BYTES * batchCount + ACCOUNTS_BYTES * accountProofCount;
}

export function encodeEpochFile(epoch: EpochFile): Uint8Array {
  const { batches, accounts } = epoch;
  const writer = new ByteWriter(fileBytes(batches.length, accounts.length));
  writer.ascii('FBEP').unsigned(1, 2).unsigned(0, 2);
  writer.bytes(epoch.headerBytes, HEADER_BYTES).bytes(epoch.signature, SIGNATURE_BYTES);
  for (const { count, digest, acc, proof } of batches) {
    writer.unsigned(count, 4).bytes(toBigEndian(digest), 32).bytes(toBigEndian(acc), 32);
    writer.bytes(proof, PROOF_BYTES);
  }
  for (const { count, rootOut, acc, digest, proof } of accounts) {
    writer.unsigned(count, 4).bytes(toBigEndian(rootOut), 32);
    writer.bytes(toBigEndian(acc), 32).bytes(toBigEndian(digest), 32).bytes(proof, PROOF_BYTES);
  }
  return writer.finish();
}

export function decodeEpochFile(bytes: Uint8Array): Decoded<DecodedEpoch> {
  return decode(bytes, 'EPOCH_FILE_FORMAT', 'epoch file', readEpoch);
}

function readEpoch(reader: ByteReader): DecodedEpoch {
  reader.format('FBEP', 1);
  reader.zero(2);
  const headerBytes = reader.bytes(HEADER_BYTES);
  const decoded = decodeHeader(headerBytes);
  if (!decoded.ok) {
    return reader.refuse(decoded.error.message, PREFIX_BYTES + decoded.error.offset);
  }
  const header = decoded.value;
  const { batchCount, accountProofCount } = header;
  const expected = fileBytes(batchCount, accountProofCount);
  // Before anything is read by these counts: they may claim four thousand million proofs.
  if (reader.length !== expected) {
    const counts = `${batchCount} batches and ${accountProofCount} account proofs`;
    reader.refuse(`${counts} make ${expected} bytes, the file has ${reader.length}`);
  }
  const signature = reader.bytes(SIGNATURE_BYTES);
  const batches = Array.from({ length: batchCount }, () => readBatch(reader));
  const accounts = Array.from({ length: accountProofCount }, () => readAccounts(reader));
  return { headerBytes, header, signature, batches, accounts };
}

function readBatch(reader: ByteReader): BatchProof {
  return {
    count: reader.unsigned(4),
    digest: reader.fieldElement(),
    acc: reader.fieldElement(),
    proof: reader.bytes(PROOF_BYTES),
  };
}

function readAccounts(reader: ByteReader): AccountProof {
  return {
    count: reader.unsigned(4),
    rootOut: reader.fieldElement(),
    acc: reader.fieldElement(),
    digest: reader.fieldElement(),
    proof: reader.bytes(PROOF_BYTES),
  };
}
