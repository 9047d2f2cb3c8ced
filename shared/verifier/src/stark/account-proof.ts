/** Account proofs of the STARK chain: version 3 of the file (shared/stark/SPEC.md section 13). */
import {
  type AccountOpening,
  hasNext,
  MAX_ACCOUNT_ROWS,
  type OpenedRow,
  openingFault,
  siblingCount,
} from '@foldbook/stark/verify';
import { assert } from '../assert.ts';
import { ByteWriter, bytesToHex } from '../bytes.ts';
import { type ByteReader, type Decoded, decode } from '../decoding.ts';
import { HASH_BYTES } from '../header.ts';
import { type Refused, refused } from '../reason-codes.ts';
import { SUPPLY_ACCOUNT } from '../settlement-record.ts';
import {
  type AccountProved,
  aboveSupply,
  checkSigned,
  readBalance,
  readHead,
  readSignedHeader,
  type SignedProof,
  signedProofBytes,
  writeBalance,
  writeHead,
  writeSignedHeader,
} from '../signed-proof.ts';
import { decodeStarkGenesis } from './genesis.ts';
import { decodeStarkHeader, STARK_HEADER_BYTES } from './header.ts';

/** An account's row, or those about the place where it has none, and the supply's. */
export interface StarkAccountProof extends SignedProof {
  readonly chain: 'stark';
  /** Of the same account, in the plain tree of one epoch's header. */
  readonly opening: AccountOpening;
}

export const STARK_PROOF_VERSION = 3;
const BALANCE_BYTES = 16;
const ID_BYTES = 3;
/** What the u8 behind the account says of it. */
const HAS_ROW = 0;
const HAS_NONE = 1;

export function encodeStarkProof(proof: StarkAccountProof): Uint8Array {
  const { account, opening } = proof;
  const { rows, place, row, next, supply } = opening;
  assert(opening.account === account, `rows of account ${opening.account}, not ${account}`);
  const isComplete = (next !== undefined) === hasNext(account, row.id, place, rows);
  assert(isComplete, 'two rows where the account has none of its own');
  const isThere = row.id === account;
  const shown = next === undefined ? [row] : [row, next];
  const idBytes = isThere ? 0 : ID_BYTES;
  const rowBytes = ({ siblings }: OpenedRow) => BALANCE_BYTES + HASH_BYTES * siblings.length;
  const ofRows = shown.reduce((sum, one) => sum + idBytes + rowBytes(one), rowBytes(supply));
  const writer = new ByteWriter(signedProofBytes(proof) + 8 + ofRows);
  writeHead(writer, STARK_PROOF_VERSION, account);
  writer
    .unsigned(isThere ? HAS_ROW : HAS_NONE, 1)
    .unsigned(rows, 4)
    .unsigned(place, 4);
  for (const [index, one] of shown.entries()) {
    if (!isThere) writer.unsigned(one.id, ID_BYTES);
    writeRow(writer, one, siblingCount(rows, place + index));
  }
  writeRow(writer, supply, siblingCount(rows, 0));
  writeSignedHeader(writer, proof, STARK_HEADER_BYTES);
  return writer.finish();
}

function writeRow(writer: ByteWriter, row: OpenedRow, siblings: number): void {
  assert(row.siblings.length === siblings, `${row.siblings.length} siblings of ${siblings}`);
  writeBalance(writer, row);
  for (const sibling of row.siblings) writer.bytes(sibling, HASH_BYTES);
}

/** Errors are ACCOUNT_PROOF_FORMAT. */
export function decodeStarkProof(bytes: Uint8Array): Decoded<StarkAccountProof> {
  return decode(bytes, 'ACCOUNT_PROOF_FORMAT', 'account proof', (reader) => {
    const account = readHead(reader, STARK_PROOF_VERSION);
    const opening = readOpening(reader, account);
    return { chain: 'stark', account, opening, ...readSignedHeader(reader, STARK_HEADER_BYTES) };
  });
}

function readOpening(reader: ByteReader, account: number): AccountOpening {
  const start = reader.offset;
  const state = reader.unsigned(1);
  if (state !== HAS_ROW && state !== HAS_NONE) reader.refuse(`${state} of an account`, start);
  const [rows, place] = [reader.unsigned(4), reader.unsigned(4)];
  if (rows < 2 || rows > MAX_ACCOUNT_ROWS) reader.refuse(`a table of ${rows} rows`, start + 1);
  if (place >= rows) reader.refuse(`place ${place} of ${rows} rows`, start + 5);
  const readAt = (at: number, id = reader.unsigned(ID_BYTES)): OpenedRow =>
    readRow(reader, id, siblingCount(rows, at));
  const row = state === HAS_ROW ? readAt(place, account) : readAt(place);
  const isOther = state === HAS_NONE && row.id === account;
  if (isOther) reader.refuse(`a row of account ${account}, which is said to have none`, start);
  const next = hasNext(account, row.id, place, rows) ? readAt(place + 1) : undefined;
  return { account, rows, place, row, next, supply: readAt(0, SUPPLY_ACCOUNT) };
}

function readRow(reader: ByteReader, id: number, siblings: number): OpenedRow {
  const balance = readBalance(reader);
  return {
    ...{ id, ...balance },
    siblings: Array.from({ length: siblings }, () => reader.bytes(HASH_BYTES)),
  };
}

/** The rows lie under the header's plain root, and the account has no more than all together. */
export function checkStarkProof(proof: StarkAccountProof): AccountProved | Refused {
  const genesis = decodeStarkGenesis(proof.genesis);
  const signed = checkSigned(proof, genesis, decodeStarkHeader(proof.headerBytes));
  if (!signed.ok) return signed;
  const { account, opening } = proof;
  const { accountsRoot } = signed.header;
  const fault = openingFault(opening, accountsRoot);
  if (fault === 'rows') {
    return refused('ACCOUNT_ROWS', `the rows are not those that show what account ${account} has`);
  }
  if (fault !== undefined) {
    const what = fault === 'path' ? `a row for account ${account}` : "the supply's row";
    return refused('ACCOUNT_PATH', `${what} is not under the header's plain root`);
  }
  const { row, supply } = opening;
  const isThere = row.id === account;
  const balance = isThere ? { base: row.base, quote: row.quote } : { base: 0n, quote: 0n };
  const above = aboveSupply(account, balance, supply);
  if (above !== undefined) return above;
  return {
    ...{ ...signed.proved, chain: 'stark', balance },
    owed: { base: supply.base, quote: supply.quote },
    root: bytesToHex(accountsRoot),
  };
}
