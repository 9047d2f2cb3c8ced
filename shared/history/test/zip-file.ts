/** Makes a zip: what a reader of zips is tested with. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  readonly name: string;
  readonly content: Uint8Array;
  readonly isStored?: boolean;
  /** Sizes and place are told as those beyond 32 bits are. */
  readonly isLarge?: boolean;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
}

export function zipFile(parts: readonly ZipPart[], comment = '', isLarge = false): Buffer {
  const content: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const part of parts) {
    const isStored = part.isStored === true;
    const packed = isStored ? Buffer.from(part.content) : deflateRawSync(part.content);
    const name = Buffer.from(part.name);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(name.length, 26);
    // An extra field that the directory does not have.
    header.writeUInt16LE(5, 28);
    entries.push(entryOf(part, packed.length, at));
    content.push(header, name, Buffer.alloc(5, 0xee), packed);
    at += 35 + name.length + packed.length;
  }
  const directory = Buffer.concat(entries);
  return Buffer.concat([...content, directory, endOf(at, directory.length, comment, isLarge)]);
}

function entryOf(part: ZipPart, packedBytes: number, at: number): Buffer {
  const { name, content, isStored = false, isLarge = false } = part;
  const { method = isStored ? 0 : 8, flags = 0, crc = crc32(content) } = part;
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(flags, 8);
  entry.writeUInt16LE(method, 10);
  entry.writeUInt32LE(crc, 16);
  const extra = Buffer.alloc(isLarge ? 6 + 28 : 0);
  const sizes = [content.length, packedBytes, at];
  for (const [index, field] of [24, 20, 42].entries()) {
    const size = sizes[index] ?? 0;
    entry.writeUInt32LE(isLarge ? 0xffff_ffff : size, field);
    if (isLarge) extra.writeBigUInt64LE(BigInt(size), 10 + index * 8);
  }
  if (isLarge) {
    // Another field stands before it.
    extra.writeUInt16LE(0x9999, 0);
    extra.writeUInt16LE(2, 2);
    extra.writeUInt16LE(1, 6);
    extra.writeUInt16LE(24, 8);
  }
  const text = Buffer.from(name);
  entry.writeUInt16LE(text.length, 28);
  entry.writeUInt16LE(extra.length, 30);
  return Buffer.concat([entry, text, extra]);
}

function endOf(at: number, bytes: number, comment: string, isLarge: boolean): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(isLarge ? 0xffff_ffff : bytes, 12);
  end.writeUInt32LE(isLarge ? 0xffff_ffff : at, 16);
  end.writeUInt16LE(comment.length, 20);
  const text = Buffer.from(comment);
  if (!isLarge) return Buffer.concat([end, text]);
  const large = Buffer.alloc(56 + 20);
  large.writeUInt32LE(0x06064b50, 0);
  large.writeBigUInt64LE(BigInt(bytes), 40);
  large.writeBigUInt64LE(BigInt(at), 48);
  large.writeUInt32LE(0x07064b50, 56);
  large.writeBigUInt64LE(BigInt(at + bytes), 64);
  return Buffer.concat([large, end, text]);
}
