/** What account proofs of all chains have: an account, a signed header, and who signed it. */
import type { Balance } from './account-tree.ts';
import { type ByteWriter, bytesToHex, sameBytes } from './bytes.ts';
import type { ChainKind } from './chain-follower.ts';
import type { ByteReader, Decoded } from './decoding.ts';
import { type GenesisFields, genesisHash } from './genesis.ts';
import { type HeaderFields, headerHash } from './header.ts';
import { encodeKeyList, type KeyChange, readKeyList } from './key-changes.ts';
import { keyOfEpoch, operatorKeys } from './operator-keys.ts';
import { type Refused, refused } from './reason-codes.ts';
import { AMOUNT_LIMIT } from './settlement-record.ts';
import { headerIsSigned, SIGNATURE_BYTES } from './signature.ts';

export interface SignedProof {
  readonly account: number;
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  /** The genesis file. */
  readonly genesis: Uint8Array;
  /** Of the operator's key, those that lead to the header's signer. */
  readonly keyChanges: readonly KeyChange[];
}

/** A proof that holds. Amounts are totals, available and held together. */
export interface AccountProved {
  readonly ok: true;
  /** Of which of the market's chains. */
  readonly chain: ChainKind;
  readonly market: string;
  readonly account: number;
  readonly balance: Balance;
  /** Outstanding in all: what all accounts have together. */
  readonly owed: Balance;
  readonly epoch: bigint;
  /** Engine time of the epoch's close. */
  readonly timeNs: bigint;
  /** Market sequence of the last command that the balances know of. */
  readonly sequenceLast: bigint;
  /** Hex. */
  readonly genesisHash: string;
  readonly headHash: string;
  /** Of the genesis or, after a change, of the header's epoch. */
  readonly operatorKey: string;
  /** Of the tree under which the balances lie: of a STARK chain the plain one. */
  readonly root: string;
}

const HEAD_BYTES = 12;
const GENESIS_BYTES_MAX = 4096;

/** Of what `writeHead` and `writeSignedHeader` write. */
export function signedProofBytes({ headerBytes, genesis, keyChanges }: SignedProof): number {
  const keys = encodeKeyList(keyChanges).length;
  return HEAD_BYTES + headerBytes.length + SIGNATURE_BYTES + 4 + genesis.length + keys;
}

/** The u8 behind it is the version's own. */
export function writeHead(writer: ByteWriter, version: number, account: number): void {
  writer.ascii('FBAP').unsigned(version, 2).unsigned(0, 2).unsigned(account, 3);
}

/** @returns the account */
export function readHead(reader: ByteReader, version: number): number {
  reader.format('FBAP', version);
  reader.zero(2);
  return reader.unsigned(3);
}

export function writeSignedHeader(
  writer: ByteWriter,
  proof: SignedProof,
  headerLength: number,
): void {
  const { headerBytes, signature, genesis } = proof;
  const keys = encodeKeyList(proof.keyChanges);
  writer.bytes(headerBytes, headerLength).bytes(signature, SIGNATURE_BYTES);
  writer.unsigned(genesis.length, 4).bytes(genesis, genesis.length).bytes(keys, keys.length);
}

/** Reads what `writeSignedHeader` wrote: the rest of the file. */
export function readSignedHeader(
  reader: ByteReader,
  headerLength: number,
): Omit<SignedProof, 'account'> {
  const headerBytes = reader.bytes(headerLength);
  const signature = reader.bytes(SIGNATURE_BYTES);
  const start = reader.offset;
  const genesisBytes = reader.unsigned(4);
  if (genesisBytes > GENESIS_BYTES_MAX) reader.refuse(`a genesis of ${genesisBytes} bytes`, start);
  const genesis = reader.bytes(genesisBytes);
  return { headerBytes, signature, genesis, keyChanges: readKeyList(reader) };
}

export function writeBalance(writer: ByteWriter, { base, quote }: Balance): void {
  writer.unsigned(base, 8).unsigned(quote, 8);
}

export function readBalance(reader: ByteReader): Balance {
  const amount = (): bigint => {
    const start = reader.offset;
    const value = reader.unsigned64();
    if (value >= AMOUNT_LIMIT) reader.refuse('a balance is not below 2^63', start);
    return value;
  };
  const [base, quote] = [amount(), amount()];
  return { base, quote };
}

/** A header that its chain's operator signed. */
export interface SignedHeaderProved<Header> {
  readonly ok: true;
  readonly header: Header;
  readonly proved: Omit<AccountProved, 'chain' | 'balance' | 'owed' | 'root'>;
}

/** What is signed, and by whom: all but the balances. */
export function checkSigned<Header extends HeaderFields<unknown>>(
  { account, genesis: genesisFile, keyChanges, headerBytes, signature }: SignedProof,
  genesis: Decoded<GenesisFields>,
  decodedHeader: Decoded<Header>,
): SignedHeaderProved<Header> | Refused {
  if (!genesis.ok) return refused(genesis.error.code, genesis.error.message);
  if (!decodedHeader.ok) return refused(decodedHeader.error.code, decodedHeader.error.message);
  const header = decodedHeader.value;
  const chainId = genesisHash(genesisFile);
  const { market, name } = genesis.value;
  const keys = operatorKeys(genesis.value, chainId, keyChanges);
  if (!keys.ok) return keys;
  if (!sameBytes(header.chainId, chainId) || header.market !== market) {
    return refused('CHAIN_ID', 'the header is of another chain than the genesis');
  }
  const operatorKey = keyOfEpoch(keys, header.epoch);
  if (!headerIsSigned(headerBytes, signature, operatorKey)) {
    const words = `epoch ${header.epoch} is not signed by its operator key`;
    return refused('HEADER_SIGNATURE', `${words}, ${bytesToHex(operatorKey)}`);
  }
  const proved = {
    ok: true,
    ...{ market: name, account, operatorKey: bytesToHex(operatorKey) },
    ...{ epoch: header.epoch, timeNs: header.timeNs, sequenceLast: header.sequenceLast },
    genesisHash: bytesToHex(chainId),
    headHash: bytesToHex(headerHash(headerBytes)),
  } as const;
  return { ok: true, header, proved };
}

/** What is outstanding is the sum of all balances, none of them negative. */
export function aboveSupply(account: number, has: Balance, supply: Balance): Refused | undefined {
  if (has.base <= supply.base && has.quote <= supply.quote) return undefined;
  const owed = `base ${supply.base}, quote ${supply.quote}`;
  const balance = `base ${has.base}, quote ${has.quote}`;
  const message = `account ${account} is owed ${balance}, all together ${owed}: a false root`;
  return refused('ACCOUNT_ABOVE_SUPPLY', message);
}
