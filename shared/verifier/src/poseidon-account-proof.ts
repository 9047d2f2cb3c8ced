/** Account proofs of the Poseidon chain: version 2 of the file (circuits/STATEMENT.md). */
import { type Balance, TREE_ARITY, TREE_DEPTH } from './account-tree.ts';
import { assert, at } from './assert.ts';
import { ByteWriter, bytesToHex } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { FIELD_BYTES, toBigEndian } from './field.ts';
import { decodeGenesis } from './genesis.ts';
import { decodeHeader, HEADER_BYTES } from './header.ts';
import { leafHash, nodeHash } from './poseidon.ts';
import { type Refused, refused } from './reason-codes.ts';
import { SUPPLY_ACCOUNT } from './settlement-record.ts';
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
} from './signed-proof.ts';

/** A leaf of the account tree and its siblings: at each height, from the leaf up, three. */
export interface OpenedLeaf extends Balance {
  readonly path: readonly (readonly bigint[])[];
}

/** An account's leaf and the supply's, opened under the root of one epoch's header. */
export interface PoseidonAccountProof extends SignedProof {
  readonly chain: 'poseidon';
  readonly leaf: OpenedLeaf;
  readonly supply: OpenedLeaf;
}

const VERSION = 2;
const SIBLINGS = TREE_ARITY - 1;
const LEAF_BYTES = 16 + TREE_DEPTH * SIBLINGS * FIELD_BYTES;

export function encodePoseidonProof(proof: PoseidonAccountProof): Uint8Array {
  const writer = new ByteWriter(signedProofBytes(proof) + 2 * LEAF_BYTES);
  writeHead(writer, VERSION, proof.account);
  writer.unsigned(0, 1);
  for (const opened of [proof.leaf, proof.supply]) writeLeaf(writer, opened);
  writeSignedHeader(writer, proof, HEADER_BYTES);
  return writer.finish();
}

function writeLeaf(writer: ByteWriter, leaf: OpenedLeaf): void {
  assert(leaf.path.length === TREE_DEPTH, `a path of ${leaf.path.length} heights`);
  writeBalance(writer, leaf);
  for (const siblings of leaf.path) {
    assert(siblings.length === SIBLINGS, `${siblings.length} siblings`);
    for (const sibling of siblings) writer.bytes(toBigEndian(sibling), FIELD_BYTES);
  }
}

/** Errors are ACCOUNT_PROOF_FORMAT. */
export function decodePoseidonProof(bytes: Uint8Array): Decoded<PoseidonAccountProof> {
  return decode(bytes, 'ACCOUNT_PROOF_FORMAT', 'account proof', (reader) => {
    const account = readHead(reader, VERSION);
    reader.zero(1);
    const [leaf, supply] = [readLeaf(reader), readLeaf(reader)];
    return { chain: 'poseidon', account, leaf, supply, ...readSignedHeader(reader, HEADER_BYTES) };
  });
}

function readLeaf(reader: ByteReader): OpenedLeaf {
  const balance = readBalance(reader);
  const path = Array.from({ length: TREE_DEPTH }, () =>
    Array.from({ length: SIBLINGS }, () => reader.fieldElement()),
  );
  return { ...balance, path };
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

/** Both leaves lie under the header's new root, and the account has no more than all together. */
export function checkPoseidonProof(proof: PoseidonAccountProof): AccountProved | Refused {
  const genesis = decodeGenesis(proof.genesis);
  const signed = checkSigned(proof, genesis, decodeHeader(proof.headerBytes));
  if (!signed.ok) return signed;
  const { account, leaf, supply } = proof;
  const { rootNew } = signed.header;
  for (const [what, id, opened] of [
    [`account ${account}`, account, leaf],
    ['the supply', SUPPLY_ACCOUNT, supply],
  ] as const) {
    if (rootFromLeaf(id, opened) !== rootNew) {
      return refused('ACCOUNT_PATH', `the leaf of ${what} is not under the header's new root`);
    }
  }
  const above = aboveSupply(account, leaf, supply);
  if (above !== undefined) return above;
  return {
    ...{ ...signed.proved, chain: 'poseidon' },
    balance: { base: leaf.base, quote: leaf.quote },
    owed: { base: supply.base, quote: supply.quote },
    root: bytesToHex(toBigEndian(rootNew)),
  };
}
