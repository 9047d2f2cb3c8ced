import { ByteWriter, domainHash } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { toBigEndian } from './field.ts';
import { HASH_BYTES } from './header.ts';

/** Where a market's chain starts: fixed once, named by its hash, the chain id. */
export interface Genesis {
  readonly market: number;
  /** 1 to 32 of A-Z, 0-9 and "-". */
  readonly name: string;
  /** Random, so that two deployments of one market are two chains. */
  readonly nonce: Uint8Array;
  /** Ed25519 public key, 32 bytes. */
  readonly operatorKey: Uint8Array;
  readonly emptyRoot: bigint;
  readonly rulesHash: Uint8Array;
  readonly batchVkDigest: Uint8Array;
  readonly accountVkDigest: Uint8Array;
}

const FIXED_BYTES = 13 + 6 * HASH_BYTES;
const NAME_BYTES_MAX = 32;

export function encodeGenesis(genesis: Genesis): Uint8Array {
  return new ByteWriter(FIXED_BYTES + genesis.name.length)
    .ascii('FBGN')
    .unsigned(1, 2)
    .unsigned(0, 2)
    .unsigned(genesis.market, 4)
    .unsigned(genesis.name.length, 1)
    .ascii(genesis.name)
    .bytes(genesis.nonce, HASH_BYTES)
    .bytes(genesis.operatorKey, HASH_BYTES)
    .bytes(toBigEndian(genesis.emptyRoot), HASH_BYTES)
    .bytes(genesis.rulesHash, HASH_BYTES)
    .bytes(genesis.batchVkDigest, HASH_BYTES)
    .bytes(genesis.accountVkDigest, HASH_BYTES)
    .finish();
}

export function decodeGenesis(bytes: Uint8Array): Decoded<Genesis> {
  return decode(bytes, 'GENESIS_FORMAT', 'genesis file', readGenesis);
}

function readGenesis(reader: ByteReader): Genesis {
  reader.format('FBGN', 1);
  reader.zero(2);
  const market = reader.unsigned(4);
  return {
    market,
    name: readName(reader),
    nonce: reader.bytes(HASH_BYTES),
    operatorKey: reader.bytes(HASH_BYTES),
    emptyRoot: reader.fieldElement(),
    rulesHash: reader.bytes(HASH_BYTES),
    batchVkDigest: reader.bytes(HASH_BYTES),
    accountVkDigest: reader.bytes(HASH_BYTES),
  };
}

function readName(reader: ByteReader): string {
  const start = reader.offset;
  const length = reader.unsigned(1);
  if (length < 1 || length > NAME_BYTES_MAX) {
    reader.refuse(`a market name of ${length} bytes; 1 to ${NAME_BYTES_MAX} are allowed`, start);
  }
  const name = String.fromCharCode(...reader.bytes(length));
  if (!/^[A-Z0-9-]+$/.test(name)) {
    reader.refuse('a market name has characters other than A-Z, 0-9 and "-"', start + 1);
  }
  return name;
}

/** The genesis hash, which is the chain id. */
export function genesisHash(file: Uint8Array): Uint8Array {
  return domainHash('foldbook/genesis/v1\n', file);
}
