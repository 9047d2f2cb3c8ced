import { type AcceptedKey, encodeAcceptedKeys, readAcceptedKeys } from './accepted-keys.ts';
import { ByteWriter, domainHash } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { toBigEndian } from './field.ts';
import { HASH_BYTES } from './header.ts';

/** What every genesis has: where a market's chain starts, named by its hash, the chain id. */
export interface GenesisFields {
  readonly market: number;
  /** 1 to 32 of A-Z, 0-9 and "-". */
  readonly name: string;
  /** Random, so that two deployments of one market are two chains. */
  readonly nonce: Uint8Array;
  /** Ed25519 public key, 32 bytes. */
  readonly operatorKey: Uint8Array;
  /** Head of the rules' chain behind the market's creation alone. */
  readonly rulesHash: Uint8Array;
}

/** Of a Poseidon chain. */
export interface Genesis extends GenesisFields {
  readonly emptyRoot: bigint;
  /** Keys that the chain's proofs may be under, ascending by role, size and back end. */
  readonly keys: readonly AcceptedKey[];
}

const VERSION = 2;
const FIXED_BYTES = 13 + 4 * HASH_BYTES;
const NAME_BYTES_MAX = 32;

export function encodeGenesis(genesis: Genesis): Uint8Array {
  const keys = encodeAcceptedKeys(genesis.keys);
  const writer = new ByteWriter(genesisBytes(genesis) + keys.length);
  writeGenesis(writer, VERSION, genesis, toBigEndian(genesis.emptyRoot));
  return writer.bytes(keys, keys.length).finish();
}

/** Of what `writeGenesis` writes. */
export const genesisBytes = ({ name }: GenesisFields): number => FIXED_BYTES + name.length;

/** Writes what all versions begin with. @param root - 32 bytes, of no balances */
export function writeGenesis(
  writer: ByteWriter,
  version: number,
  genesis: GenesisFields,
  root: Uint8Array,
): void {
  writer
    .ascii('FBGN')
    .unsigned(version, 2)
    .unsigned(0, 2)
    .unsigned(genesis.market, 4)
    .unsigned(genesis.name.length, 1)
    .ascii(genesis.name)
    .bytes(genesis.nonce, HASH_BYTES)
    .bytes(genesis.operatorKey, HASH_BYTES)
    .bytes(root, HASH_BYTES)
    .bytes(genesis.rulesHash, HASH_BYTES);
}

export function decodeGenesis(bytes: Uint8Array): Decoded<Genesis> {
  return decode(bytes, 'GENESIS_FORMAT', 'genesis file', (reader) => {
    const fields = readGenesis(reader, VERSION, () => reader.fieldElement());
    return { ...fields, keys: readAcceptedKeys(reader) };
  });
}

/** Reads what `writeGenesis` wrote. */
export function readGenesis<Root>(
  reader: ByteReader,
  version: number,
  readRoot: () => Root,
): GenesisFields & { readonly emptyRoot: Root } {
  reader.format('FBGN', version);
  reader.zero(2);
  const market = reader.unsigned(4);
  return {
    market,
    name: readName(reader),
    nonce: reader.bytes(HASH_BYTES),
    operatorKey: reader.bytes(HASH_BYTES),
    emptyRoot: readRoot(),
    rulesHash: reader.bytes(HASH_BYTES),
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

/** The genesis hash, which is the chain id. One domain does for all versions: a file names its. */
export function genesisHash(file: Uint8Array): Uint8Array {
  return domainHash('foldbook/genesis/v2\n', file);
}
