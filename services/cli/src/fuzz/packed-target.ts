/** Packed files of market data: gzip, zip and zstd, read as `foldbook replay` reads them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, InputFile, listMembers } from '@foldbook/history';
import { FuzzFault, type FuzzTarget, WHOLE } from './fuzz-target.ts';

/** Whatever the file unpacks to, no chunk is longer. */
const MOST_CHUNK_BYTES = 1 << 20;
/** Of what is unpacked: a few kilobytes may stand for gigabytes. */
const MOST_READ_BYTES = 8 << 20;
/** Smaller ones, and of larger files. */
const SMALL_CHUNK_BYTES = { few: 13, many: 997 };
const FEW_BYTES = 600;

/** @param folder - for the file that each input is while it is read */
export function packedTarget(folder: string): FuzzTarget {
  const path = join(folder, 'input');
  return {
    isText: false,
    words: ['\x1f\x8b\x08', 'PK\x03\x04', 'PK\x05\x06', 'PK\x01\x02', '(\xb5/\xfd', 'P*M\x18'],
    async check(bytes) {
      writeFileSync(path, bytes);
      const answer = await codeOf(async () => void (await listMembers(path)));
      const whole = await contentOf(path, MOST_CHUNK_BYTES);
      const { few, many } = SMALL_CHUNK_BYTES;
      const pieces = await contentOf(path, bytes.length > FEW_BYTES ? many : few);
      checkSame(whole, pieces);
      return answer === WHOLE ? whole.code : answer;
    },
  };
}

interface Content {
  readonly code: string;
  readonly bytes: Buffer;
}

/**
 * Before damage the platform hands over as much as it had unpacked of earlier pieces: then one is
 * the beginning of the other.
 */
function checkSame(a: Content, b: Content): void {
  const length = a.code === WHOLE ? Infinity : Math.min(a.bytes.length, b.bytes.length);
  const isSame = a.bytes.subarray(0, length).equals(b.bytes.subarray(0, length));
  if (isSame && a.code === b.code) return;
  const words = [a, b].map(({ code, bytes }) => `${code} after ${bytes.length} bytes`);
  throw new FuzzFault('content changed by a cut', words.join(', '));
}

async function contentOf(path: string, chunkBytes: number): Promise<Content> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const code = await codeOf(async () => {
    const file = await InputFile.open(path, { chunkBytes, mapping: false });
    try {
      for await (const chunk of file.chunks()) {
        if (chunk.length > MOST_CHUNK_BYTES) throw new FuzzFault('memory', `${chunk.length} bytes`);
        // As many of them as are the same however it is cut.
        const part = chunk.slice(0, MOST_READ_BYTES - length);
        parts.push(part);
        length += part.length;
        if (length === MOST_READ_BYTES) break;
      }
    } finally {
      await file.close();
    }
  });
  return { code, bytes: Buffer.concat(parts) };
}

async function codeOf(read: () => Promise<void>): Promise<string> {
  try {
    await read();
    return WHOLE;
  } catch (error) {
    if (error instanceof InputError) return error.code;
    throw error;
  }
}
