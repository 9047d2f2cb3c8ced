/** A member of a zip, whole: for tests of what a zip holds. */
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const MEMBER = 0x02014b50;
const END = 0x06054b50;
const DEFLATED = 8;

/** @param part of the member's name */
export function zipMember(file: string, part: string): Uint8Array {
  const bytes = readFileSync(file);
  let end = bytes.length - 22;
  while (bytes.readUInt32LE(end) !== END) end -= 1;
  for (let at = bytes.readUInt32LE(end + 16); bytes.readUInt32LE(at) === MEMBER; ) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) =>
      bytes.readUInt16LE(at + field),
    );
    const name = bytes.toString('utf8', at + 46, at + 46 + (nameLength ?? 0));
    if (name.includes(part)) {
      const header = bytes.readUInt32LE(at + 42);
      const begin = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
      const content = bytes.subarray(begin, begin + bytes.readUInt32LE(at + 20));
      return bytes.readUInt16LE(at + 10) === DEFLATED ? inflateRawSync(content) : content;
    }
    at += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  throw new Error(`no ${part} in ${file}`);
}
