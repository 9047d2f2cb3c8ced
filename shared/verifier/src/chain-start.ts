/** A chain's genesis, of either kind: which one it is, the file says itself. */
import {
  airDigest,
  genesisDigest,
  mostSecurityBits,
  SECURITY_FLOOR_BITS,
} from '@foldbook/stark/verify';
import { EMPTY_ROOT } from './account-tree.ts';
import { bytesToHex, sameBytes } from './bytes.ts';
import { decodeGenesis, type Genesis, genesisHash } from './genesis.ts';
import { ACCEPTED, type Refused, refused, type Verdict } from './reason-codes.ts';
import { decodeStarkGenesis, isStarkGenesis, type StarkGenesis } from './stark/genesis.ts';

export type ChainStart =
  | { readonly chain: 'poseidon'; readonly genesis: Genesis; readonly genesisHash: Uint8Array }
  | { readonly chain: 'stark'; readonly genesis: StarkGenesis; readonly genesisHash: Uint8Array };

interface Expected {
  /** Name of the market that was asked for. */
  readonly market?: string | undefined;
  /** Hex. */
  readonly genesisHash?: string;
}

/** Reads a genesis; refused where it is another one than expected, or starts with balances. */
export function readChainStart(file: Uint8Array, expected: Expected): ChainStart | Refused {
  const decoded = readGenesisFile(file);
  if ('ok' in decoded) return decoded;
  const { genesis } = decoded;
  const hash = bytesToHex(decoded.genesisHash);
  const asked = expected.genesisHash?.toLowerCase();
  if (asked !== undefined && asked !== hash) {
    return refused('GENESIS_UNEXPECTED', `the genesis hash is ${hash}, expected is ${asked}`);
  }
  if (expected.market !== undefined && expected.market !== genesis.name) {
    const message = `the genesis is of market ${genesis.name}, asked for was ${expected.market}`;
    return refused('GENESIS_MARKET', message);
  }
  const verdict = decoded.chain === 'stark' ? checkStark(decoded.genesis) : checkEmpty(decoded);
  return verdict.ok ? decoded : verdict;
}

/** What a genesis says, without asking whether this verifier can follow its chain. */
export function readGenesisFile(file: Uint8Array): ChainStart | Refused {
  return isStarkGenesis(file) ? readStark(file) : readPoseidon(file);
}

function readPoseidon(file: Uint8Array): ChainStart | Refused {
  const decoded = decodeGenesis(file);
  if (!decoded.ok) return refused(decoded.error.code, decoded.error.message);
  return { chain: 'poseidon', genesis: decoded.value, genesisHash: genesisHash(file) };
}

function readStark(file: Uint8Array): ChainStart | Refused {
  const decoded = decodeStarkGenesis(file);
  if (!decoded.ok) return refused(decoded.error.code, decoded.error.message);
  return { chain: 'stark', genesis: decoded.value, genesisHash: genesisHash(file) };
}

function checkEmpty({ genesis }: ChainStart & { readonly chain: 'poseidon' }): Verdict {
  if (genesis.emptyRoot === EMPTY_ROOT) return ACCEPTED;
  const message = `the root is ${genesis.emptyRoot}, the empty tree's is ${EMPTY_ROOT}`;
  return refused('GENESIS_EMPTY_ROOT', message);
}

function checkStark(genesis: StarkGenesis): Verdict {
  const known = airDigest();
  if (!sameBytes(genesis.airDigest, known)) {
    const message = `its digest is ${bytesToHex(genesis.airDigest)}, known is ${bytesToHex(known)}`;
    return refused('GENESIS_CONSTRAINTS', message);
  }
  const bits = mostSecurityBits(genesis.parameters);
  if (bits < SECURITY_FLOOR_BITS) {
    const words = `${bits.toFixed(1)} bits of security at most`;
    return refused('GENESIS_PARAMETERS', `${words}, fewer than ${SECURITY_FLOOR_BITS}`);
  }
  const empty = genesisDigest(genesis.parameters.logBlowup);
  if (sameBytes(genesis.emptyRoot, empty)) return ACCEPTED;
  const message = `the root is ${bytesToHex(genesis.emptyRoot)}, not ${bytesToHex(empty)}`;
  return refused('GENESIS_EMPTY_ROOT', message);
}
