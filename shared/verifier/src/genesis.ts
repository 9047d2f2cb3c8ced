import { type AcceptedKey, encodeAcceptedKeys, readAcceptedKeys } from './accepted-keys.ts';
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
  /** Head of the rules' chain behind the market's creation alone. */
  readonly rulesHash: Uint8Array;
  /** Keys that the chain's proofs may be under, ascending by role, size and back end. */
  readonly keys: readonly AcceptedKey[];
}

const VERSION = 2;
const FIXED_BYTES = 13 + 4 * HASH_BYTES;
const NAME_BYTES_MAX = 32;

export function encodeGenesis(genesis: Genesis): Uint8Array {
  const keys = encodeAcceptedKeys(genesis.keys);
  return new ByteWriter(FIXED_BYTES + genesis.name.length + keys.length)
    .ascii('FBGN')
    .unsigned(VERSION, 2)
    .unsigned(0, 2)
    .unsigned(genesis.market, 4)
    .unsigned(genesis.name.length, 1)
    .ascii(genesis.name)
    .bytes(genesis.nonce, HASH_BYTES)
    .bytes(genesis.operatorKey, HASH_BYTES)
    .bytes(toBigEndian(genesis.emptyRoot), HASH_BYTES)
    .bytes(genesis.rulesHash, HASH_BYTES)
    .bytes(keys, keys.length)
    .finish();
}

export function decodeGenesis(bytes: Uint8Array): Decoded<Genesis> {
  return decode(bytes, 'GENESIS_FORMAT', 'genesis file', readGenesis);
}

function readGenesis(reader: ByteReader): Genesis {
  reader.format('FBGN', VERSION);
  reader.zero(2);
  const market = reader.unsigned(4);
  return {
    market,
    name: readName(reader),
    nonce: reader.bytes(HASH_BYTES),
    operatorKey: reader.bytes(HASH_BYTES),
    emptyRoot: reader.fieldElement(),
    rulesHash: reader.bytes(HASH_BYTES),
    keys: readAcceptedKeys(reader),
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
  return domainHash('foldbook/genesis/v2\n', file);
}
