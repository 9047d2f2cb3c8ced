import { ByteWriter } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { toBigEndian } from './field.ts';
import { decodeHeader, type EpochHeader, HEADER_BYTES, type HeaderFields } from './header.ts';
import type { CircuitRole } from './poseidon.ts';
import { BackEnd, compareKinds, type ProofKind } from './proof-system.ts';
import {
  CHANGE_BYTES,
  changesBytes,
  encodeChanges,
  type RuleChange,
  readChanges,
} from './rules.ts';
import { SIGNATURE_BYTES } from './signature.ts';

interface StoredProof {
  /** A `BackEnd`, or one that only other verifiers know. */
  readonly backEnd: number;
  /** Rows of the circuit. */
  readonly size: number;
  /** Rows in use. */
  readonly count: number;
  readonly digest: bigint;
  readonly acc: bigint;
  /**
   * As its back end writes it, not yet checked. Groth16: A, B, C compressed, 128 bytes; folding:
   * the commitment, 32 bytes.
   */
  readonly proof: Uint8Array;
}

export interface BatchProof extends StoredProof {}

export interface AccountProof extends StoredProof {
  readonly rootOut: bigint;
}

/** Circuits of which an epoch has folded proofs: one for all of a kind. */
export interface FoldedPart {
  readonly role: CircuitRole;
  readonly size: number;
  /** Steps and opening (FOLDING.md), not yet checked. */
  readonly proof: Uint8Array;
}

/** What the file of every epoch begins with. */
export interface SignedEpoch {
  /** The signed bytes. */
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  /** Of the market's rules, in order. */
  readonly changes: readonly RuleChange[];
}

/** An epoch with its header decoded, of any chain. */
export interface HeadedEpoch<Root = unknown> extends SignedEpoch {
  readonly header: HeaderFields<Root>;
}

/** One epoch as it is kept. Nothing implied is in it: places, challenge, rootIn are recomputed. */
export interface EpochFile extends SignedEpoch {
  readonly batches: readonly BatchProof[];
  readonly accounts: readonly AccountProof[];
  /** Of every kind that is folded, ascending by role and size. Absent: nothing is folded. */
  readonly folded?: readonly FoldedPart[];
}

/** An epoch file whose header has been decoded too. */
export interface DecodedEpoch extends EpochFile {
  readonly header: EpochHeader;
  readonly folded: readonly FoldedPart[];
}

const VERSION = 2;
/** Before the header. */
export const PREFIX_BYTES = 8;
/** Without the proof itself. */
const BATCH_BYTES = 8 + 2 * 32 + 4;
const ACCOUNTS_BYTES = BATCH_BYTES + 32;

export function encodeEpochFile(epoch: EpochFile): Uint8Array {
  const { batches, accounts } = epoch;
  const proofs = [...batches, ...accounts].reduce((sum, { proof }) => sum + proof.length, 0);
  const fixed = signedBytes(epoch.headerBytes.length, epoch.changes.length) + 8;
  const entries = BATCH_BYTES * batches.length + ACCOUNTS_BYTES * accounts.length;
  const folded = foldedKinds(epoch).map(({ role, size }) => {
    const part = epoch.folded?.find((part) => part.role === role && part.size === size);
    return part?.proof ?? new Uint8Array();
  });
  const foldedBytes = folded.reduce((sum, { length }) => sum + 4 + length, 0);
  const writer = new ByteWriter(fixed + entries + proofs + foldedBytes);
  writeSigned(writer, epoch);
  writer.unsigned(batches.length, 4);
  for (const batch of batches) writeProof(writer, batch);
  writer.unsigned(accounts.length, 4);
  for (const proof of accounts) {
    writer.bytes(toBigEndian(proof.rootOut), 32);
    writeProof(writer, proof);
  }
  for (const proof of folded) writer.unsigned(proof.length, 4).bytes(proof, proof.length);
  return writer.finish();
}

/** Of what `writeSigned` writes. */
export function signedBytes(headerSize: number, changeCount: number): number {
  return PREFIX_BYTES + headerSize + SIGNATURE_BYTES + changesBytes(changeCount);
}

export function writeSigned(writer: ByteWriter, epoch: SignedEpoch): void {
  const { headerBytes, signature } = epoch;
  const changes = encodeChanges(epoch.changes);
  writer.ascii('FBEP').unsigned(VERSION, 2).unsigned(0, 2);
  writer.bytes(headerBytes, headerBytes.length).bytes(signature, SIGNATURE_BYTES);
  writer.bytes(changes, changes.length);
}

/** Reads what `writeSigned` wrote. */
export function readSigned<Header extends { readonly changeCount: number }>(
  reader: ByteReader,
  headerSize: number,
  decodeHeaderBytes: (bytes: Uint8Array) => Decoded<Header>,
): SignedEpoch & { readonly header: Header } {
  reader.format('FBEP', VERSION);
  reader.zero(2);
  const headerBytes = reader.bytes(headerSize);
  const decoded = decodeHeaderBytes(headerBytes);
  if (!decoded.ok) {
    return reader.refuse(decoded.error.message, PREFIX_BYTES + decoded.error.offset);
  }
  const header = decoded.value;
  const signature = reader.bytes(SIGNATURE_BYTES);
  readCount(reader, 'changes of rules', header.changeCount, CHANGE_BYTES);
  return { headerBytes, header, signature, changes: readChanges(reader, header.changeCount) };
}

/** The kinds that the lists' folded proofs are of: they say what the file ends with. */
function foldedKinds({ batches, accounts }: Pick<EpochFile, 'batches' | 'accounts'>): ProofKind[] {
  const kinds = new Map<string, ProofKind>();
  const add = (role: CircuitRole, { backEnd, size }: StoredProof): void => {
    if (backEnd === BackEnd.FOLDING) kinds.set(`${role} ${size}`, { role, size, backEnd });
  };
  for (const proof of batches) add('batch', proof);
  for (const proof of accounts) add('accounts', proof);
  return [...kinds.values()].sort(compareKinds);
}

function writeProof(writer: ByteWriter, stored: StoredProof): void {
  const { backEnd, size, count, digest, acc, proof } = stored;
  writer.unsigned(backEnd, 1).unsigned(0, 1).unsigned(size, 2).unsigned(count, 4);
  writer.bytes(toBigEndian(digest), 32).bytes(toBigEndian(acc), 32);
  writer.unsigned(proof.length, 4).bytes(proof, proof.length);
}

export function decodeEpochFile(bytes: Uint8Array): Decoded<DecodedEpoch> {
  return decode(bytes, 'EPOCH_FILE_FORMAT', 'epoch file', readEpoch);
}

function readEpoch(reader: ByteReader): DecodedEpoch {
  const signed = readSigned(reader, HEADER_BYTES, decodeHeader);
  const { batchCount, accountProofCount } = signed.header;
  readCount(reader, 'batches', batchCount, BATCH_BYTES);
  const batches: BatchProof[] = [];
  while (batches.length < batchCount) batches.push(readProof(reader));
  readCount(reader, 'account proofs', accountProofCount, ACCOUNTS_BYTES);
  const accounts: AccountProof[] = [];
  while (accounts.length < accountProofCount) {
    const rootOut = reader.fieldElement();
    accounts.push({ rootOut, ...readProof(reader) });
  }
  const folded = foldedKinds({ batches, accounts }).map(({ role, size }): FoldedPart => {
    return { role, size, proof: reader.bytes(reader.unsigned(4)) };
  });
  return { ...signed, batches, accounts, folded };
}

/**
 * A list's length, which has to be the header's. Before anything is read by it: it may claim four
 * thousand million entries.
 */
export function readCount(
  reader: ByteReader,
  what: string,
  expected: number,
  leastBytes: number,
): void {
  const start = reader.offset;
  const count = reader.unsigned(4);
  if (count !== expected) reader.refuse(`${count} ${what}, the header has ${expected}`, start);
  const left = reader.length - reader.offset;
  if (count * leastBytes > left) {
    reader.refuse(`${count} ${what} do not fit into the ${left} bytes that are left`, start);
  }
}

function readProof(reader: ByteReader): StoredProof {
  const backEnd = reader.unsigned(1);
  reader.zero(1);
  return {
    backEnd,
    size: reader.unsigned(2),
    count: reader.unsigned(4),
    digest: reader.fieldElement(),
    acc: reader.fieldElement(),
    proof: reader.bytes(reader.unsigned(4)),
  };
}
