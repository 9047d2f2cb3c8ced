/** Files of a ceremony, looked at before anything is started on them. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';

/** Of the container that both kinds are: type, version and number of sections. */
const HEADER_BYTES = 12;
/** Of each section: its id and its length. */
const SECTION_HEADER_BYTES = 12;
/** Neither kind has more than some tens. */
const MAX_SECTIONS = 64;

/**
 * The absolute path of a file whose sections are all there.
 *
 * @param kind - also the option's name, and the 4 characters that such a file begins with
 * @throws UsageError for one that can't be read, is of another kind, or is cut short
 */
export async function checkKeyFile(kind: 'zkey' | 'ptau', path: string): Promise<string> {
  const wrong = (words: string) => new UsageError(`--${kind}: ${path || '""'} ${words}`);
  try {
    await using file = await open(path);
    const stat = await file.stat();
    if (!stat.isFile()) throw wrong('is no file');
    const header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
    if (header.toString('latin1', 0, 4) !== kind) {
      throw wrong(stat.size === 0 ? 'is empty' : `is no .${kind} file`);
    }
    const sections = header.readUInt32LE(8);
    if (sections === 0 || sections > MAX_SECTIONS) throw wrong(`has ${sections} sections`);
    let end = HEADER_BYTES;
    for (let section = 1; section <= sections; section += 1) {
      const head = Buffer.alloc(SECTION_HEADER_BYTES);
      const { bytesRead } = await file.read(head, 0, SECTION_HEADER_BYTES, end);
      end += SECTION_HEADER_BYTES + Number(head.readBigUInt64LE(4));
      if (bytesRead === SECTION_HEADER_BYTES && end <= stat.size) continue;
      throw wrong(`ends inside section ${section} of ${sections}: fetch it anew`);
    }
    return resolve(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw wrong(`can't be read: ${fileTrouble(error)}`);
  }
}
