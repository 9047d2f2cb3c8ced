/** What a chain owes an account, and owes in all, under one signed root (circuits/STATEMENT.md). */
import { type Balance, TREE_ARITY, TREE_DEPTH } from './account-tree.ts';
import { assert, at } from './assert.ts';
import { ByteWriter, bytesToHex, sameBytes } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { FIELD_BYTES, toBigEndian } from './field.ts';
import { decodeGenesis, genesisHash } from './genesis.ts';
import { decodeHeader, HEADER_BYTES, headerHash } from './header.ts';
import { encodeKeyList, type KeyChange, readKeyList } from './key-changes.ts';
import { keyOfEpoch, operatorKeys } from './operator-keys.ts';
import { leafHash, nodeHash } from './poseidon.ts';
import { type Refused, refused } from './reason-codes.ts';
import { AMOUNT_LIMIT, SUPPLY_ACCOUNT } from './settlement-record.ts';
import { headerIsSigned, SIGNATURE_BYTES } from './signature.ts';

/** A leaf of the account tree and its siblings: at each height, from the leaf up, three. */
export interface OpenedLeaf extends Balance {
  readonly path: readonly (readonly bigint[])[];
}

/** An account's leaf and the supply's, opened under the root of one epoch's header. */
export interface AccountProofFile {
  /** The genesis file. */
  readonly genesis: Uint8Array;
  /** Of the operator's key, those that lead to the header's signer. */
  readonly keyChanges: readonly KeyChange[];
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly account: number;
  readonly leaf: OpenedLeaf;
  readonly supply: OpenedLeaf;
}

/** A proof that holds. Amounts are totals, available and held together. */
export interface AccountProved {
  readonly ok: true;
  readonly market: string;
  readonly account: number;
  readonly balance: Balance;
  /** Outstanding in all: what all accounts have together. */
  readonly owed: Balance;
  readonly epoch: bigint;
  /** Engine time of the epoch's close. */
  readonly timeNs: bigint;
  /** Market sequence of the last command that the balances know of. */
  readonly sequenceLast: bigint;
  /** Hex. */
  readonly genesisHash: string;
  readonly headHash: string;
  /** Of the genesis or, after a change, of the header's epoch. */
  readonly operatorKey: string;
  readonly root: string;
}

const VERSION = 2;
const SIBLINGS = TREE_ARITY - 1;
const LEAF_BYTES = 16 + TREE_DEPTH * SIBLINGS * FIELD_BYTES;
const GENESIS_BYTES_MAX = 4096;

export function encodeAccountProof(proof: AccountProofFile): Uint8Array {
  const { genesis, headerBytes, signature, account, leaf, supply } = proof;
  const keys = encodeKeyList(proof.keyChanges);
  const fixed = 8 + 4 + 2 * LEAF_BYTES + HEADER_BYTES + SIGNATURE_BYTES + 4;
  const length = fixed + genesis.length + keys.length;
  const writer = new ByteWriter(length).ascii('FBAP').unsigned(VERSION, 2).unsigned(0, 2);
  writer.unsigned(account, 3).unsigned(0, 1);
  for (const opened of [leaf, supply]) writeLeaf(writer, opened);
  writer.bytes(headerBytes, HEADER_BYTES).bytes(signature, SIGNATURE_BYTES);
  writer.unsigned(genesis.length, 4).bytes(genesis, genesis.length);
  return writer.bytes(keys, keys.length).finish();
}

function writeLeaf(writer: ByteWriter, { base, quote, path }: OpenedLeaf): void {
  assert(path.length === TREE_DEPTH, `a path of ${path.length} heights`);
  writer.unsigned(base, 8).unsigned(quote, 8);
  for (const siblings of path) {
    assert(siblings.length === SIBLINGS, `${siblings.length} siblings`);
    for (const sibling of siblings) writer.bytes(toBigEndian(sibling), FIELD_BYTES);
  }
}

export function decodeAccountProof(bytes: Uint8Array): Decoded<AccountProofFile> {
  return decode(bytes, 'ACCOUNT_PROOF_FORMAT', 'account proof', (reader) => {
    reader.format('FBAP', VERSION);
    reader.zero(2);
    const account = reader.unsigned(3);
    reader.zero(1);
    const leaf = readLeaf(reader);
    const supply = readLeaf(reader);
    const headerBytes = reader.bytes(HEADER_BYTES);
    const signature = reader.bytes(SIGNATURE_BYTES);
    const start = reader.offset;
    const genesisBytes = reader.unsigned(4);
    if (genesisBytes > GENESIS_BYTES_MAX) {
      reader.refuse(`a genesis of ${genesisBytes} bytes`, start);
    }
    const genesis = reader.bytes(genesisBytes);
    const keyChanges = readKeyList(reader);
    return { genesis, keyChanges, headerBytes, signature, account, leaf, supply };
  });
}

function readLeaf(reader: ByteReader): OpenedLeaf {
  const amount = (): bigint => {
    const start = reader.offset;
    const value = reader.unsigned64();
    if (value >= AMOUNT_LIMIT) reader.refuse('a balance is not below 2^63', start);
    return value;
  };
  const [base, quote] = [amount(), amount()];
  const path = Array.from({ length: TREE_DEPTH }, () =>
    Array.from({ length: SIBLINGS }, () => reader.fieldElement()),
  );
  return { base, quote, path };
}

/** Root of the tree that has this leaf at the place of `account`. */
export function rootFromLeaf(account: number, { base, quote, path }: OpenedLeaf): bigint {
  let hash = leafHash(base, quote);
  let position = account;
  for (let height = 0; height < TREE_DEPTH; height++) {
    const digit = position % TREE_ARITY;
    hash = nodeHash(at(path, height).toSpliced(digit, 0, hash));
    position = (position - digit) / TREE_ARITY;
  }
  return hash;
}

/**
 * Checks an account proof with nothing but what is in it: both leaves lie under the new root of a
 * header that the operator signed, by the key of its genesis or one that it was changed to, and the
 * account has no more than all together. Whether that is the right genesis, and whether the header
 * is the chain's (latest), is the caller's question: compare the two hashes with those of a chain
 * that was verified. Never throws.
 */
export function checkAccountProof(bytes: Uint8Array): AccountProved | Refused {
  const decoded = decodeAccountProof(bytes);
  if (!decoded.ok) return refused(decoded.error.code, decoded.error.message);
  const { genesis: genesisFile, headerBytes, signature, account, leaf, supply } = decoded.value;
  const genesis = decodeGenesis(genesisFile);
  if (!genesis.ok) return refused(genesis.error.code, genesis.error.message);
  const decodedHeader = decodeHeader(headerBytes);
  if (!decodedHeader.ok) return refused(decodedHeader.error.code, decodedHeader.error.message);
  const header = decodedHeader.value;
  const chainId = genesisHash(genesisFile);
  const { market, name } = genesis.value;
  const keys = operatorKeys(genesis.value, chainId, decoded.value.keyChanges);
  if (!keys.ok) return keys;
  if (!sameBytes(header.chainId, chainId) || header.market !== market) {
    return refused('CHAIN_ID', 'the header is of another chain than the genesis');
  }
  const operatorKey = keyOfEpoch(keys, header.epoch);
  if (!headerIsSigned(headerBytes, signature, operatorKey)) {
    const words = `epoch ${header.epoch} is not signed by its operator key`;
    return refused('HEADER_SIGNATURE', `${words}, ${bytesToHex(operatorKey)}`);
  }
  for (const [what, id, opened] of [
    [`account ${account}`, account, leaf],
    ['the supply', SUPPLY_ACCOUNT, supply],
  ] as const) {
    if (rootFromLeaf(id, opened) !== header.rootNew) {
      return refused('ACCOUNT_PATH', `the leaf of ${what} is not under the header's new root`);
    }
  }
  // What is outstanding is the sum of all balances, none of them negative.
  if (leaf.base > supply.base || leaf.quote > supply.quote) {
    const owed = `base ${supply.base}, quote ${supply.quote}`;
    const balance = `base ${leaf.base}, quote ${leaf.quote}`;
    const message = `account ${account} is owed ${balance}, all together ${owed}: a false root`;
    return refused('ACCOUNT_ABOVE_SUPPLY', message);
  }
  return {
    ok: true,
    market: name,
    account,
    balance: { base: leaf.base, quote: leaf.quote },
    owed: { base: supply.base, quote: supply.quote },
    ...{ epoch: header.epoch, timeNs: header.timeNs, sequenceLast: header.sequenceLast },
    genesisHash: bytesToHex(chainId),
    headHash: bytesToHex(headerHash(headerBytes)),
    operatorKey: bytesToHex(operatorKey),
    root: bytesToHex(toBigEndian(header.rootNew)),
  };
}
