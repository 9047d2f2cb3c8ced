/** What a part's proof is about (SPEC section 7): everything public. */
import {
  decodeParameters,
  encodeParameters,
  PARAMETER_BYTES,
  type ProofParameters,
  parameterFault,
} from '../parameters.ts';
import { type ByteReader, type Decoded, decode } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { type AccountCommitment, readCommitment, writeCommitment } from './account-commitment.ts';

export interface PartStatement {
  readonly parameters: ProofParameters;
  readonly airDigest: Uint8Array;
  readonly chainId: Uint8Array;
  readonly market: number;
  /** Of its epoch, from 0. */
  readonly part: number;
  readonly epoch: bigint;
  /** Index of its first record since genesis. */
  readonly recordFirst: bigint;
  readonly count: number;
  readonly recordRoot: Uint8Array;
  readonly before: AccountCommitment;
  readonly after: AccountCommitment;
}

/** Limb sums of more might need carries that A8 cannot hold (SPEC section 8.2). */
export const MAX_PART_RECORDS = 2 ** 17 - 1;
/** Of the records' table: the lookups' 4,096 values need the rows. */
export const MIN_LOG_RECORDS = 12;
/** Of every statement. */
export const STATEMENT_BYTES = 932;
const HASH_BYTES = 32;
const VERSION = 1;

/** Log height of the table of so many records. */
export function recordsLogHeight(count: number): number {
  return Math.max(MIN_LOG_RECORDS, Math.ceil(Math.log2(count)));
}

export function encodeStatement(statement: PartStatement): Uint8Array {
  const fault = parameterFault(statement.parameters);
  if (fault !== undefined) throw new Error(`assertion failed: ${fault}`);
  const writer = new ByteWriter().ascii('FBSP').u16(VERSION);
  writer.bytes(encodeParameters(statement.parameters)).u8(0).u16(0);
  writer.bytes(statement.airDigest).bytes(statement.chainId);
  writer.u32(statement.market).u32(statement.part).u64(statement.epoch);
  writer.u64(statement.recordFirst).u32(statement.count);
  writer.u8(recordsLogHeight(statement.count)).u8(0).u16(0).bytes(statement.recordRoot);
  writeCommitment(writer, statement.before);
  writeCommitment(writer, statement.after);
  return writer.finish();
}

export function decodeStatement(bytes: Uint8Array): Decoded<PartStatement> {
  return decode(bytes, readStatement);
}

function readStatement(reader: ByteReader): PartStatement {
  reader.format('FBSP', VERSION);
  const parameters = readParameters(reader);
  const place = {
    airDigest: reader.bytes(HASH_BYTES),
    chainId: reader.bytes(HASH_BYTES),
    market: reader.u32(),
    part: reader.u32(),
    epoch: reader.u64(),
    recordFirst: reader.u64(),
    count: readCount(reader),
  };
  const logHeight = reader.u8();
  if (logHeight !== recordsLogHeight(place.count)) {
    const own = recordsLogHeight(place.count);
    reader.refuse(
      'OUT_OF_RANGE',
      `${place.count} records have height 2^${own}, not 2^${logHeight}`,
    );
  }
  reader.zeros(3);
  const recordRoot = reader.bytes(HASH_BYTES);
  const before = readCommitment(reader);
  const after = readCommitment(reader);
  return { parameters, ...place, recordRoot, before, after };
}

function readParameters(reader: ByteReader): ProofParameters {
  const start = reader.offset;
  const parameters = decodeParameters(reader.bytes(PARAMETER_BYTES));
  reader.zeros(3);
  if (typeof parameters === 'string') reader.refuse('OUT_OF_RANGE', parameters, start);
  return parameters;
}

function readCount(reader: ByteReader): number {
  const count = reader.u32();
  if (count >= 1 && count <= MAX_PART_RECORDS) return count;
  return reader.refuse('OUT_OF_RANGE', `${count} records, not 1 to ${MAX_PART_RECORDS}`);
}
