import { ByteWriter, domainHash } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { toBigEndian } from './field.ts';

export const HASH_BYTES = 32;
export const HEADER_BYTES = 384;
const VERSION = 2;
/** The chain whose roots are Poseidon's; by which back ends it is proved says the genesis. */
export const POSEIDON_CHAIN = 1;

/** What the operator signs about one epoch. Hashes are 32 bytes; sequences start at 1. */
export interface EpochHeader {
  readonly market: number;
  readonly epoch: bigint;
  /** Hash of the genesis. */
  readonly chainId: Uint8Array;
  /** Hash of the header before; of the genesis for epoch 0. */
  readonly previous: Uint8Array;
  /** Head of the rules' chain at the epoch's end. */
  readonly rulesHash: Uint8Array;
  /** Heads of the market's log before the epoch's first group and after its last. */
  readonly logHeadStart: Uint8Array;
  readonly logHeadEnd: Uint8Array;
  /** Log sequences of the first and the last group. */
  readonly logFirst: bigint;
  readonly logLast: bigint;
  /** Market sequences of the first and the last command. */
  readonly sequenceFirst: bigint;
  readonly sequenceLast: bigint;
  /** Index of the first settlement record, counted from genesis. */
  readonly recordFirst: bigint;
  readonly recordCount: number;
  readonly batchCount: number;
  readonly accountProofCount: number;
  /** Changes of the rules in this epoch. */
  readonly changeCount: number;
  readonly stateHash: bigint;
  /** Engine time of the close. */
  readonly timeNs: bigint;
  readonly rootOld: bigint;
  readonly rootNew: bigint;
  readonly digestListHash: Uint8Array;
  /** SHA-256 of the records file as it is published. */
  readonly dataDigest: Uint8Array;
}

export function encodeHeader(header: EpochHeader): Uint8Array {
  return new ByteWriter(HEADER_BYTES)
    .ascii('FBEH')
    .unsigned(VERSION, 2)
    .unsigned(POSEIDON_CHAIN, 1)
    .unsigned(0, 1)
    .unsigned(header.market, 4)
    .unsigned(0, 4)
    .unsigned(header.epoch, 8)
    .bytes(header.chainId, HASH_BYTES)
    .bytes(header.previous, HASH_BYTES)
    .bytes(header.rulesHash, HASH_BYTES)
    .bytes(header.logHeadStart, HASH_BYTES)
    .bytes(header.logHeadEnd, HASH_BYTES)
    .unsigned(header.logFirst, 8)
    .unsigned(header.logLast, 8)
    .unsigned(header.sequenceFirst, 8)
    .unsigned(header.sequenceLast, 8)
    .unsigned(header.recordFirst, 8)
    .unsigned(header.recordCount, 4)
    .unsigned(header.batchCount, 4)
    .unsigned(header.accountProofCount, 4)
    .unsigned(header.changeCount, 4)
    .unsigned(header.stateHash, 8)
    .signed64(header.timeNs)
    .bytes(toBigEndian(header.rootOld), HASH_BYTES)
    .bytes(toBigEndian(header.rootNew), HASH_BYTES)
    .bytes(header.digestListHash, HASH_BYTES)
    .bytes(header.dataDigest, HASH_BYTES)
    .finish();
}

export function decodeHeader(bytes: Uint8Array): Decoded<EpochHeader> {
  return decode(bytes, 'HEADER_FORMAT', 'epoch header', readHeader);
}

function readHeader(reader: ByteReader): EpochHeader {
  reader.format('FBEH', VERSION);
  const chainOffset = reader.offset;
  const chain = reader.unsigned(1);
  if (chain !== POSEIDON_CHAIN) {
    reader.refuse(`chain kind ${chain}; this verifier reads kind ${POSEIDON_CHAIN}`, chainOffset);
  }
  reader.zero(1);
  const market = reader.unsigned(4);
  reader.zero(4);
  const identity = {
    market,
    epoch: reader.unsigned64(),
    chainId: reader.bytes(HASH_BYTES),
    previous: reader.bytes(HASH_BYTES),
    rulesHash: reader.bytes(HASH_BYTES),
    logHeadStart: reader.bytes(HASH_BYTES),
    logHeadEnd: reader.bytes(HASH_BYTES),
    logFirst: reader.unsigned64(),
    logLast: reader.unsigned64(),
    sequenceFirst: reader.unsigned64(),
    sequenceLast: reader.unsigned64(),
    recordFirst: reader.unsigned64(),
    recordCount: reader.unsigned(4),
    batchCount: reader.unsigned(4),
    accountProofCount: reader.unsigned(4),
    changeCount: reader.unsigned(4),
  };
  const state = {
    stateHash: reader.unsigned64(),
    timeNs: reader.signed64(),
    rootOld: reader.fieldElement(),
    rootNew: reader.fieldElement(),
    digestListHash: reader.bytes(HASH_BYTES),
    dataDigest: reader.bytes(HASH_BYTES),
  };
  return { ...identity, ...state };
}

/** The name by which the next header and the outside world know this one. */
export function headerHash(header: Uint8Array): Uint8Array {
  return domainHash('foldbook/epoch-header-hash/v2\n', header);
}
