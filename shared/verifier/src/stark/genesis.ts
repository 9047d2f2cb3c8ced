import {
  decodeParameters,
  encodeParameters,
  PARAMETER_BYTES,
  type ProofParameters,
} from '@foldbook/stark/verify';
import { ByteWriter } from '../bytes.ts';
import { type ByteReader, type Decoded, decode } from '../decoding.ts';
import { type GenesisFields, genesisBytes, readGenesis, writeGenesis } from '../genesis.ts';
import { HASH_BYTES } from '../header.ts';

/** Where a market's STARK chain starts. */
export interface StarkGenesis extends GenesisFields {
  /** Digest of the genesis table's commitment: `genesisDigest` of the parameters. */
  readonly emptyRoot: Uint8Array;
  /** Of the constraints that every part's proof is about. */
  readonly airDigest: Uint8Array;
  /** Of every part's proof. */
  readonly parameters: ProofParameters;
}

/** `u16` of a genesis file at byte 4, by which chains are told apart. */
export const STARK_GENESIS_VERSION = 3;
const OWN_BYTES = HASH_BYTES + PARAMETER_BYTES + 1;

export function encodeStarkGenesis(genesis: StarkGenesis): Uint8Array {
  const writer = new ByteWriter(genesisBytes(genesis) + OWN_BYTES);
  writeGenesis(writer, STARK_GENESIS_VERSION, genesis, genesis.emptyRoot);
  writer.bytes(genesis.airDigest, HASH_BYTES);
  writer.bytes(encodeParameters(genesis.parameters), PARAMETER_BYTES).unsigned(0, 1);
  return writer.finish();
}

/** Errors are GENESIS_FORMAT. Whether the root, the digest and the parameters do is not asked. */
export function decodeStarkGenesis(bytes: Uint8Array): Decoded<StarkGenesis> {
  return decode(bytes, 'GENESIS_FORMAT', 'genesis file', (reader) => {
    const fields = readGenesis(reader, STARK_GENESIS_VERSION, () => reader.bytes(HASH_BYTES));
    const airDigest = reader.bytes(HASH_BYTES);
    return { ...fields, airDigest, parameters: readParameters(reader) };
  });
}

function readParameters(reader: ByteReader): ProofParameters {
  const start = reader.offset;
  const parameters = decodeParameters(reader.bytes(PARAMETER_BYTES));
  reader.zero(1);
  return typeof parameters === 'string' ? reader.refuse(parameters, start) : parameters;
}

/** Whether a genesis file is, as it says itself, of a STARK chain. */
export function isStarkGenesis(file: Uint8Array): boolean {
  const version = (file[4] ?? 0) + 256 * (file[5] ?? 0);
  return version === STARK_GENESIS_VERSION;
}
