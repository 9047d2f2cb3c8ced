import { sha512 } from '@noble/hashes/sha2.js';
import { type AcceptedKey, encodeAcceptedKeys } from './accepted-keys.ts';
import type { Challenge } from './accumulator.ts';
import { ByteWriter, concatBytes, domainHash, utf8ToBytes } from './bytes.ts';
import { fromBigEndian, reduce, toBigEndian } from './field.ts';
import { ACCOUNT_LIMIT } from './settlement-record.ts';

interface Listed {
  /** Rows of the circuit, and what proved it. */
  readonly size: number;
  readonly backEnd: number;
  /** Rows in use. */
  readonly count: number;
  readonly digest: bigint;
}

export interface ListedBatch extends Listed {
  /** Index of the batch's first record since genesis. */
  readonly seq0: bigint;
}

export interface ListedAccounts extends Listed {
  readonly rootOut: bigint;
}

const BATCH_BYTES = 48;
const ACCOUNTS_BYTES = 72;

/** The ordered list of everything an epoch's proofs are about, as it is hashed. */
export function encodeDigestList(
  batches: readonly ListedBatch[],
  accounts: readonly ListedAccounts[],
): Uint8Array {
  const length = 8 + BATCH_BYTES * batches.length + ACCOUNTS_BYTES * accounts.length;
  const writer = new ByteWriter(length);
  writer.unsigned(batches.length, 4);
  for (const batch of batches) writeListed(writer.unsigned(batch.seq0, 8), batch);
  writer.unsigned(accounts.length, 4);
  for (const proof of accounts) {
    writeListed(writer, proof);
    writer.bytes(toBigEndian(proof.rootOut), 32);
  }
  return writer.finish();
}

function writeListed(writer: ByteWriter, { count, size, backEnd, digest }: Listed): void {
  writer.unsigned(count, 4).unsigned(size, 2).unsigned(backEnd, 1).unsigned(0, 1);
  writer.bytes(toBigEndian(digest), 32);
}

export function digestListHash(digestList: Uint8Array): Uint8Array {
  return domainHash('foldbook/digest-list/v2\n', digestList);
}

/**
 * The epoch's challenge, drawn from everything that is committed: the header, the list of
 * accepted keys and the digest list. Undefined when x could be an account id (probability 2^-230):
 * such an epoch cannot be proved.
 */
export function drawChallenge(
  header: Uint8Array,
  keys: readonly AcceptedKey[],
  digestList: Uint8Array,
): Challenge | undefined {
  const seed = domainHash(
    'foldbook/epoch-challenge/v2\n',
    header,
    encodeAcceptedKeys(keys),
    digestList,
  );
  return usableChallenge({ x: draw(seed, 'x'), y: draw(seed, 'y') });
}

/** The challenge itself, unless x is below 2^24. */
export function usableChallenge(challenge: Challenge): Challenge | undefined {
  return challenge.x < BigInt(ACCOUNT_LIMIT) ? undefined : challenge;
}

function draw(seed: Uint8Array, name: 'x' | 'y'): bigint {
  return reduce(fromBigEndian(sha512(concatBytes(seed, utf8ToBytes(name)))));
}
