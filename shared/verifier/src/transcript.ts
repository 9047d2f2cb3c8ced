import { sha512 } from '@noble/hashes/sha2.js';
import type { Challenge } from './accumulator.ts';
import { ByteWriter, concatBytes, domainHash, utf8ToBytes } from './bytes.ts';
import { fromBigEndian, reduce, toBigEndian } from './field.ts';
import { ACCOUNT_LIMIT } from './settlement-record.ts';

export interface ListedBatch {
  /** Index of the batch's first record since genesis. */
  readonly seq0: bigint;
  readonly count: number;
  readonly digest: bigint;
}

export interface ListedAccounts {
  readonly count: number;
  readonly digest: bigint;
  readonly rootOut: bigint;
}

const BATCH_BYTES = 44;
const ACCOUNTS_BYTES = 68;

/** The ordered list of everything an epoch's proofs are about, as it is hashed. */
export function encodeDigestList(
  batches: readonly ListedBatch[],
  accounts: readonly ListedAccounts[],
): Uint8Array {
  const length = 8 + BATCH_BYTES * batches.length + ACCOUNTS_BYTES * accounts.length;
  const writer = new ByteWriter(length);
  writer.unsigned(batches.length, 4);
  for (const { seq0, count, digest } of batches) {
    writer.unsigned(seq0, 8).unsigned(count, 4).bytes(toBigEndian(digest), 32);
  }
  writer.unsigned(accounts.length, 4);
  for (const { count, digest, rootOut } of accounts) {
    writer.unsigned(count, 4).bytes(toBigEndian(digest), 32).bytes(toBigEndian(rootOut), 32);
  }
  return writer.finish();
}

export function digestListHash(digestList: Uint8Array): Uint8Array {
  return domainHash('foldbook/digest-list/v1\n', digestList);
}

/**
 * The epoch's challenge, drawn from everything that is committed: the header, both verifying
 * keys' digests and the digest list. Undefined when x could be an account id (probability 2^-230):
 * such an epoch cannot be proved.
 */
export function drawChallenge(
  header: Uint8Array,
  batchVkDigest: Uint8Array,
  accountVkDigest: Uint8Array,
  digestList: Uint8Array,
): Challenge | undefined {
  const seed = domainHash(
    'foldbook/epoch-challenge/v1\n',
    header,
    batchVkDigest,
    accountVkDigest,
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
