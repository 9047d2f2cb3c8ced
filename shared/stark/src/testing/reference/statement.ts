/** A statement's bytes. */
import type { Element } from './field.ts';
import { ascii, COMMITMENT, concat, hash, littleEndian, POINT, sameBytes, words } from './hash.ts';
import { elementBytes, Reader } from './reader.ts';
import { require } from './refusal.ts';
import { readElement } from './transcript.ts';

export const ACCOUNT_COLUMNS = 18;
const MAX_COUNT = 131_071;

/** An account table as statements name it. */
export interface AccountCommitment {
  readonly logHeight: number;
  readonly root: Uint8Array;
  readonly pinned: readonly Element[];
}

export interface Parameters {
  readonly logBlowup: number;
  readonly queries: number;
  readonly grindingBits: number;
}

/** The statement of a part (SPEC.md section 7). */
export interface Statement {
  readonly parameters: Parameters;
  readonly airDigest: Uint8Array;
  readonly chainId: Uint8Array;
  readonly market: number;
  readonly part: number;
  readonly epoch: bigint;
  readonly firstIndex: bigint;
  readonly count: number;
  readonly logHeight: number;
  readonly recordRoot: Uint8Array;
  readonly before: AccountCommitment;
  readonly after: AccountCommitment;
}

/** The log height of a table of that many records. */
export function logHeightOf(count: number): number {
  let logHeight = 12;
  while (2 ** logHeight < count) logHeight += 1;
  return logHeight;
}

/** P, where both proofs that share an account commitment open its columns. */
export function pinnedPoint(root: Uint8Array, logHeight: number): Element {
  return readElement(words(POINT, Uint8Array.from([...root, logHeight])));
}

export function commitmentDigest(commitment: AccountCommitment): Uint8Array {
  const { logHeight, root, pinned } = commitment;
  return hash(COMMITMENT, littleEndian(logHeight, 1), root, elementBytes(pinned));
}

export function readStatement(bytes: Uint8Array): Statement {
  const reader = new Reader(bytes);
  require(sameBytes(reader.bytes(4), ascii('FBSP')), 'no statement of a part');
  require(reader.integer(2) === 1, 'unknown version of the statement');
  const logBlowup = reader.integer(1);
  const queries = reader.integer(1);
  const grindingBits = reader.integer(1);
  reader.zeros(3);
  const airDigest = reader.bytes(32);
  const chainId = reader.bytes(32);
  const market = reader.integer(4);
  const part = reader.integer(4);
  const epoch = reader.u64();
  const firstIndex = reader.u64();
  const count = reader.integer(4);
  require(count >= 1 && count <= MAX_COUNT, 'a part has 1 to 131,071 records');
  const logHeight = reader.integer(1);
  require(logHeight === logHeightOf(count), 'the height of the records is not that of the count');
  reader.zeros(3);
  const recordRoot = reader.bytes(32);
  const before = readCommitment(reader);
  const after = readCommitment(reader);
  reader.end();
  const parameters = { logBlowup, queries, grindingBits };
  const place = { airDigest, chainId, market, part, epoch, firstIndex };
  return { parameters, ...place, count, logHeight, recordRoot, before, after };
}

function readCommitment(reader: Reader): AccountCommitment {
  const logHeight = reader.integer(1);
  require(logHeight >= 6 && logHeight <= 22, 'a table of accounts has 2^6 to 2^22 rows');
  reader.zeros(3);
  const root = reader.bytes(32);
  return { logHeight, root, pinned: reader.elements(ACCOUNT_COLUMNS) };
}

export function writeStatement(statement: Statement): Uint8Array {
  const { parameters, count, logHeight, before, after } = statement;
  const { logBlowup, queries, grindingBits } = parameters;
  return concat(
    ascii('FBSP'),
    Uint8Array.from([1, 0, logBlowup, queries, grindingBits, 0, 0, 0]),
    statement.airDigest,
    statement.chainId,
    littleEndian(statement.market, 4),
    littleEndian(statement.part, 4),
    littleEndian(statement.epoch, 8),
    littleEndian(statement.firstIndex, 8),
    littleEndian(count, 4),
    Uint8Array.from([logHeight, 0, 0, 0]),
    statement.recordRoot,
    writeCommitment(before),
    writeCommitment(after),
  );
}

function writeCommitment({ logHeight, root, pinned }: AccountCommitment): Uint8Array {
  return concat(Uint8Array.from([logHeight, 0, 0, 0]), root, elementBytes(pinned));
}
