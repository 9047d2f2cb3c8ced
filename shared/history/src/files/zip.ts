/**
 * The members of a zip: stored or deflated, also beyond 4 GiB. Read from the directory at its end,
 * as the archive's own words before each member may lack sizes.
 */
import { crc32 } from 'node:zlib';
import type { FileBytes } from './file-bytes.ts';
import { InputError } from './input-error.ts';
import { unpackDeflated } from './unpack.ts';

export interface ZipMember {
  readonly name: string;
  /** Unpacked. */
  readonly sizeBytes: number;
  readonly packedBytes: number;
  readonly method: number;
  readonly crc32: number;
  readonly isEncrypted: boolean;
  /** Of its own header in the file. */
  readonly headerAt: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
const END_64 = 0x06064b50;
const END_64_BYTES = 56;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const HEADER = 0x04034b50;
const HEADER_BYTES = 30;
const EXTRA_64 = 1;
const MOST_COMMENT_BYTES = 65_535;
/** Hundreds of thousands of members. */
const MOST_DIRECTORY_BYTES = 64 << 20;
const STORED = 0;
const DEFLATED = 8;
const ELSEWHERE = 0xffff_ffff;

/** @throws InputError CORRUPT, UNSUPPORTED */
export async function listZip(file: FileBytes): Promise<ZipMember[]> {
  const { at, bytes } = await directoryOf(file);
  if (bytes > MOST_DIRECTORY_BYTES || at + bytes > file.sizeBytes) throw corrupt('its directory');
  const directory = await readAt(file, at, bytes);
  const members: ZipMember[] = [];
  for (let entry = 0; entry < directory.length; ) {
    if (entry + ENTRY_BYTES > directory.length || directory.readUInt32LE(entry) !== ENTRY) {
      throw corrupt('an entry of its directory');
    }
    const nameBytes = directory.readUInt16LE(entry + 28);
    const extraBytes = directory.readUInt16LE(entry + 30);
    const next = entry + ENTRY_BYTES + nameBytes + extraBytes + directory.readUInt16LE(entry + 32);
    if (next > directory.length) throw corrupt('an entry of its directory');
    const member = memberAt(directory.subarray(entry, next), nameBytes, extraBytes);
    if (!member.name.endsWith('/')) members.push(member);
    entry = next;
  }
  return members;
}

/**
 * A member's content.
 * @throws InputError UNSUPPORTED, CORRUPT, TRUNCATED after what came before was handed over
 */
export async function* readZipMember(
  file: FileBytes,
  member: ZipMember,
): AsyncGenerator<Uint8Array> {
  const { name, method, sizeBytes, packedBytes, headerAt } = member;
  if (member.isEncrypted) throw new InputError('UNSUPPORTED', `${name} is encrypted`);
  if (method !== STORED && method !== DEFLATED) {
    throw new InputError('UNSUPPORTED', `${name} is packed by method ${method}`);
  }
  const header = await readAt(file, headerAt, HEADER_BYTES);
  if (header.readUInt32LE(0) !== HEADER) throw corrupt(name);
  const begin = headerAt + HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = file.chunks(begin, begin + packedBytes);
  let length = 0;
  let sum = 0;
  for await (const chunk of method === STORED ? packed : unpackDeflated(packed)) {
    length += chunk.length;
    if (length > sizeBytes) throw corrupt(name);
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (begin + packedBytes > file.sizeBytes) throw new InputError('TRUNCATED', `${name} ends early`);
  if (length !== sizeBytes || sum !== member.crc32) throw corrupt(name);
}

function corrupt(what: string): InputError {
  return new InputError('CORRUPT', `the zip is not valid: ${what}`);
}

async function readAt(file: FileBytes, at: number, bytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of file.chunks(at, at + bytes)) parts.push(chunk.slice());
  const read = Buffer.concat(parts);
  if (read.length !== bytes) throw new InputError('TRUNCATED', 'the zip ends early');
  return read;
}

async function directoryOf(file: FileBytes): Promise<{ at: number; bytes: number }> {
  const begin = Math.max(0, file.sizeBytes - END_BYTES - MOST_COMMENT_BYTES - LOCATOR_BYTES);
  const tail = await readAt(file, begin, file.sizeBytes - begin);
  let end = tail.length - END_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end -= 1;
  if (end < 0) throw new InputError('TRUNCATED', 'the zip has no directory');
  const locator = end - LOCATOR_BYTES;
  if (locator < 0 || tail.readUInt32LE(locator) !== LOCATOR) {
    return { at: tail.readUInt32LE(end + 16), bytes: tail.readUInt32LE(end + 12) };
  }
  const end64 = await readAt(file, number64(tail, locator + 8), END_64_BYTES);
  if (end64.readUInt32LE(0) !== END_64) throw corrupt('its directory');
  return { at: number64(end64, 48), bytes: number64(end64, 40) };
}

function memberAt(entry: Buffer, nameBytes: number, extraBytes: number): ZipMember {
  const extra = ENTRY_BYTES + nameBytes;
  const sizes = largeSizes(entry, extra, extra + extraBytes);
  // In this order, and only those that did not fit.
  const [sizeBytes, packedBytes, headerAt] = [24, 20, 42].map((at) => {
    const value = entry.readUInt32LE(at);
    return value === ELSEWHERE ? sizes.shift() : value;
  });
  if (sizeBytes === undefined || packedBytes === undefined || headerAt === undefined) {
    throw corrupt('an entry of its directory');
  }
  return {
    name: entry.toString('utf8', ENTRY_BYTES, extra),
    sizeBytes,
    packedBytes,
    method: entry.readUInt16LE(10),
    crc32: entry.readUInt32LE(16),
    isEncrypted: (entry.readUInt16LE(8) & 1) !== 0,
    headerAt,
  };
}

/** What an entry's extra fields have for sizes beyond 32 bits. */
function largeSizes(entry: Buffer, from: number, end: number): number[] {
  for (let at = from; at + 4 <= end; ) {
    const fieldEnd = at + 4 + entry.readUInt16LE(at + 2);
    if (fieldEnd > end) throw corrupt('an entry of its directory');
    if (entry.readUInt16LE(at) === EXTRA_64) {
      const count = Math.floor((fieldEnd - at - 4) / 8);
      const begin = at + 4;
      return Array.from({ length: count }, (_, index) => number64(entry, begin + index * 8));
    }
    at = fieldEnd;
  }
  return [];
}

function number64(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigUInt64LE(at));
  if (!Number.isSafeInteger(value)) throw corrupt('a size');
  return value;
}
