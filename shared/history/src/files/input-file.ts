/** Files of market data as chunks of bytes, however they are packed. */
import { type FileBytes, type FileBytesOptions, openFileBytes } from './file-bytes.ts';
import { unpackGzip } from './gzip.ts';
import { InputError } from './input-error.ts';
import { unpackZstd } from './unpack.ts';
import { listZip, readZipMember, type ZipMember } from './zip.ts';

type Content = (file: FileBytes) => AsyncGenerator<Uint8Array>;

export type Packing = 'plain' | 'zstd' | 'gzip' | 'zip';

export interface InputOptions extends FileBytesOptions {
  /** Which member of an archive; needed where it has several. */
  readonly member?: ((name: string) => boolean) | undefined;
}

const MAGIC_BYTES = 4;

/** By its first bytes. */
export function packingOf(bytes: Uint8Array): Packing {
  const [a, b, c, d] = bytes;
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  // A frame of zstd that says nothing.
  if (a !== undefined && a >> 4 === 5 && b === 0x2a && c === 0x4d && d === 0x18) return 'zstd';
  if (a === 0x1f && b === 0x8b && c === 8) return 'gzip';
  const isMember = c === 3 && d === 4;
  const isEmpty = c === 5 && d === 6;
  if (a === 0x50 && b === 0x4b && (isMember || isEmpty)) return 'zip';
  return 'plain';
}

export class InputFile {
  readonly path: string;
  readonly packing: Packing;
  /** Of an archive. */
  readonly member: string | undefined;
  /** What `readBytes` counts up to: bytes of the file, or of the member, as they are packed. */
  readonly totalBytes: number;
  readonly #file: FileBytes;
  readonly #content: Content;
  #readBytes = 0;

  private constructor(path: string, packing: Packing, file: FileBytes, member?: ZipMember) {
    this.path = path;
    this.packing = packing;
    this.member = member?.name;
    this.totalBytes = member?.packedBytes ?? file.sizeBytes;
    this.#file = file;
    this.#content = contentOf(packing, member);
  }

  /**
   * A packed file is read, as it is taken once and slowly; another one is mapped where it can be.
   * @throws InputError, or what the system says of the file (ENOENT, EACCES, ...)
   */
  static async open(path: string, options: InputOptions = {}): Promise<InputFile> {
    const file = await openFileBytes(path, { ...options, mapping: false });
    try {
      const first = await readFirst(file.chunks(0, MAGIC_BYTES), MAGIC_BYTES);
      const packing = packingOf(first);
      if (packing === 'plain') {
        await file.close();
        return new InputFile(path, packing, await openFileBytes(path, options));
      }
      const member = packing === 'zip' ? await chooseMember(file, options.member) : undefined;
      return new InputFile(path, packing, file, member);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes read so far, as they are packed. */
  get readBytes(): number {
    return this.#readBytes;
  }

  get isMapped(): boolean {
    return this.#file.isMapped;
  }

  /**
   * The content, from its beginning. A chunk is only valid until the next, or until the file is
   * closed.
   * @throws InputError after what came before was handed over
   */
  chunks(): AsyncGenerator<Uint8Array> {
    this.#readBytes = 0;
    return this.#content(this.#counted());
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #counted(): FileBytes {
    const file = this.#file;
    const count = (bytes: number) => {
      this.#readBytes += bytes;
    };
    return {
      sizeBytes: file.sizeBytes,
      isMapped: file.isMapped,
      close: () => file.close(),
      async *chunks(from, to) {
        for await (const chunk of file.chunks(from, to)) {
          count(chunk.length);
          yield chunk;
        }
      },
    };
  }
}

function contentOf(packing: Packing, member: ZipMember | undefined): Content {
  if (member !== undefined) return (file) => readZipMember(file, member);
  if (packing === 'zstd') return (file) => unpackZstd(file.chunks(0, Infinity));
  if (packing === 'gzip') return (file) => unpackGzip(file.chunks(0, Infinity));
  return (file) => file.chunks(0, Infinity);
}

/** Members of an archive, by name; empty where the file is none. */
export async function listMembers(path: string): Promise<string[]> {
  const file = await openFileBytes(path, { mapping: false });
  try {
    const first = await readFirst(file.chunks(0, MAGIC_BYTES), MAGIC_BYTES);
    if (packingOf(first) !== 'zip') return [];
    return (await listZip(file)).map(({ name }) => name);
  } finally {
    await file.close();
  }
}

/** @returns up to so many bytes, a copy */
export async function readFirst(chunks: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const part = chunk.slice(0, most - length);
    parts.push(part);
    length += part.length;
    if (length === most) break;
  }
  return Buffer.concat(parts);
}

async function chooseMember(
  file: FileBytes,
  isWanted: (name: string) => boolean = () => true,
): Promise<ZipMember> {
  const members = await listZip(file);
  const wanted = members.filter(({ name }) => isWanted(name));
  const [only] = wanted;
  const names = members.map(({ name }) => name).join(', ');
  if (only === undefined) throw new InputError('NO_MEMBER', `the zip has only: ${names}`);
  if (wanted.length > 1) throw new InputError('WHICH_MEMBER', `the zip has several: ${names}`);
  return only;
}
