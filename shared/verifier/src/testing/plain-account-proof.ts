/**
 * A second reader of the STARK chain's account proofs, by shared/stark/SPEC.md alone: offsets and
 * hashes, with Node's own signatures and nothing of the verifier. Of chains whose operator's key
 * was never changed.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';

export interface PlainOwed {
  readonly account: number;
  /** base and quote, the account's and in all. */
  readonly amounts: readonly [bigint, bigint, bigint, bigint];
}

interface PlainRow {
  readonly place: bigint;
  readonly id: bigint;
  readonly base: bigint;
  readonly quote: bigint;
}

const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const keyed = (name: string, bytes: Buffer): Buffer =>
  Buffer.from(blake3(bytes, { key: blake3(Buffer.from(`foldbook/stark/account-${name}/v1`)) }));

/** What a file shows, or undefined for one that is refused. */
export function plainOwed(file: Uint8Array): PlainOwed | undefined {
  return readOrRefuse(file)?.owed;
}

/** Whether two files, neither of them refused, are of one header and have rows that do not rise. */
export function plainContradict(a: Uint8Array, b: Uint8Array): boolean {
  const [one, other] = [readOrRefuse(a), readOrRefuse(b)];
  if (one === undefined || other === undefined || !one.header.equals(other.header)) return false;
  const isAhead = (low: PlainRow, high: PlainRow): boolean =>
    low.place < high.place && high.id < low.id + (high.place - low.place);
  return one.rows.some((left) =>
    other.rows.some((right) => isAhead(left, right) || isAhead(right, left)),
  );
}

interface PlainFile {
  readonly owed: PlainOwed;
  readonly header: Buffer;
  readonly rows: readonly PlainRow[];
}

function readOrRefuse(file: Uint8Array): PlainFile | undefined {
  try {
    return read(Buffer.from(file));
  } catch {
    return undefined;
  }
}

function demand(condition: boolean): void {
  if (!condition) throw new Error('refused');
}

function read(file: Buffer): PlainFile {
  let at = 0;
  const take = (length: number): Buffer => {
    demand(at + length <= file.length);
    at += length;
    return file.subarray(at - length, at);
  };
  const number = (length: number): bigint =>
    take(length).reduceRight((sum, byte) => 256n * sum + BigInt(byte), 0n);
  demand(take(8).equals(Buffer.from('FBAP\x03\0\0\0', 'latin1')));
  const account = number(3);
  const state = number(1);
  demand(state < 2n);
  const isThere = state === 0n;
  const [rows, place] = [number(4), number(4)];
  demand(rows >= 2n && rows <= 4_194_304n && place < rows);
  const roots: Buffer[] = [];
  const shown: PlainRow[] = [];
  const row = (id: bigint, index: bigint): PlainRow => {
    const last = 16_777_215n - (rows - 1n - index);
    demand(index < 2n ? id === index : id >= index && id <= last);
    const [base, quote] = [number(8), number(8)];
    demand(base < 2n ** 63n && quote < 2n ** 63n);
    const leaf = Buffer.alloc(20);
    leaf.writeUInt32LE(Number(id));
    leaf.writeBigUInt64LE(base, 4);
    leaf.writeBigUInt64LE(quote, 12);
    const count = Buffer.alloc(4);
    count.writeUInt32LE(Number(rows));
    const top = climb(keyed('row', leaf), index, rows, () => take(32));
    roots.push(keyed('root', Buffer.concat([count, top])));
    const read = { place: index, id, base, quote };
    shown.push(read);
    return read;
  };
  const own = row(isThere ? account : number(3), place);
  if (!isThere) {
    demand(own.id < account);
    if (place + 1n < rows) demand(row(number(3), place + 1n).id > account);
  }
  const supply = row(0n, 0n);
  const header = take(416);
  const signature = take(64);
  const genesis = take(Number(number(4)));
  demand(number(4) === 0n && at === file.length);
  checkHeader(header, signature, genesis);
  demand(roots.every((root) => root.equals(header.subarray(384))));
  const [base, quote] = isThere ? [own.base, own.quote] : [0n, 0n];
  demand(base <= supply.base && quote <= supply.quote);
  const amounts = [base, quote, supply.base, supply.quote] as const;
  return { owed: { account: Number(account), amounts }, header, rows: shown };
}

/** The node of the level that has one. */
function climb(leaf: Buffer, index: bigint, rows: bigint, sibling: () => Buffer): Buffer {
  if (rows === 1n) return leaf;
  const above = (rows + 1n) / 2n;
  if (index === rows - 1n && rows % 2n === 1n) return climb(leaf, index / 2n, above, sibling);
  const beside = sibling();
  const pair = index % 2n === 0n ? [leaf, beside] : [beside, leaf];
  return climb(keyed('node', Buffer.concat(pair)), index / 2n, above, sibling);
}

/** Of kind 2, of the genesis's market and chain, and signed by its key. */
function checkHeader(header: Buffer, signature: Buffer, genesis: Buffer): void {
  demand(header.subarray(0, 8).equals(Buffer.from('FBEH\x02\0\x02\0', 'latin1')));
  demand(header.readUInt32LE(12) === 0 && header.readUInt32LE(232) === 0);
  demand(genesis.subarray(0, 8).equals(Buffer.from('FBGN\x03\0\0\0', 'latin1')));
  const nameEnd = 13 + genesis.readUInt8(12);
  demand(genesis.length === nameEnd + 164 && genesis.readUInt8(nameEnd + 163) === 0);
  demand(header.readUInt32LE(8) === genesis.readUInt32LE(8));
  demand(header.subarray(24, 56).equals(sha256('foldbook/genesis/v2\n', genesis)));
  const raw = genesis.subarray(nameEnd + 32, nameEnd + 64);
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const message = Buffer.concat([Buffer.from('foldbook/epoch-header/v2\n'), header]);
  demand(verify(null, message, key, signature));
}
