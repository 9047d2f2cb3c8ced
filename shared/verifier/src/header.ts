import { ByteWriter, domainHash } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { toBigEndian } from './field.ts';

export const HASH_BYTES = 32;
export const HEADER_BYTES = 384;
const VERSION = 2;
/** Chains by what they are proved with; by which back ends the first one is says its genesis. */
export const POSEIDON_CHAIN = 1;
export const STARK_CHAIN = 2;

/**
 * What the headers of all chains have. Hashes are 32 bytes; sequences start at 1. A root names the
 * balances: of the Poseidon chain it is the tree's.
 */
export interface HeaderFields<Root> {
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
  /** Changes of the rules in this epoch. */
  readonly changeCount: number;
  readonly stateHash: bigint;
  /** Engine time of the close. */
  readonly timeNs: bigint;
  readonly rootOld: Root;
  readonly rootNew: Root;
  readonly digestListHash: Uint8Array;
  /** SHA-256 of the records file as it is published. */
  readonly dataDigest: Uint8Array;
}

/** What the operator signs about one epoch of the Poseidon chain. */
export interface EpochHeader extends HeaderFields<bigint> {
  readonly batchCount: number;
  readonly accountProofCount: number;
}

export function encodeHeader(header: EpochHeader): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES);
  writeHeader(writer, POSEIDON_CHAIN, header, toBigEndian);
  return writer.finish();
}

type Counted<Root> = HeaderFields<Root> & Pick<EpochHeader, 'batchCount' | 'accountProofCount'>;

/** Writes HEADER_BYTES: what all kinds of headers begin with. */
export function writeHeader<Root>(
  writer: ByteWriter,
  chain: number,
  header: Counted<Root>,
  rootBytes: (root: Root) => Uint8Array,
): void {
  writer
    .ascii('FBEH')
    .unsigned(VERSION, 2)
    .unsigned(chain, 1)
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
    .bytes(rootBytes(header.rootOld), HASH_BYTES)
    .bytes(rootBytes(header.rootNew), HASH_BYTES)
    .bytes(header.digestListHash, HASH_BYTES)
    .bytes(header.dataDigest, HASH_BYTES);
}

export function decodeHeader(bytes: Uint8Array): Decoded<EpochHeader> {
  return decode(bytes, 'HEADER_FORMAT', 'epoch header', (reader) =>
    readHeader(reader, POSEIDON_CHAIN, () => reader.fieldElement()),
  );
}

/** Reads what `writeHeader` wrote. */
export function readHeader<Root>(
  reader: ByteReader,
  expectedChain: number,
  readRoot: () => Root,
): Counted<Root> {
  reader.format('FBEH', VERSION);
  const chainOffset = reader.offset;
  const chain = reader.unsigned(1);
  if (chain !== expectedChain) {
    reader.refuse(`chain kind ${chain}, where kind ${expectedChain} is read`, chainOffset);
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
    rootOld: readRoot(),
    rootNew: readRoot(),
    digestListHash: reader.bytes(HASH_BYTES),
    dataDigest: reader.bytes(HASH_BYTES),
  };
  return { ...identity, ...state };
}

/** The name by which the next header and the outside world know this one. */
export function headerHash(header: Uint8Array): Uint8Array {
  return domainHash('foldbook/epoch-header-hash/v2\n', header);
}
