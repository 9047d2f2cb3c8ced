/**
 * The members of a gzip file (RFC 1952). The platform unpacks the content; header and trailer are
 * read here, so that a file that was cut off anywhere is told from a whole one, and what is behind
 * a member is neither taken for padding nor costs what came before it.
 */
import { crc32, createInflateRaw } from 'node:zlib';
import { EngineDriver, UNPACKED_CHUNK_BYTES } from './engine-driver.ts';
import { InputError, truncated } from './input-error.ts';

const MAGIC = [0x1f, 0x8b, 8];
/** Flags, time, and what made it; the optional fields follow. */
const HEADER_BYTES = 7;
const TRAILER_BYTES = 8;
const HEADER_CHECKSUM = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
const RESERVED = 0xe0;

/**
 * All members, one after another; zeros behind them are padding.
 * @throws InputError TRUNCATED, CORRUPT after what came before was handed over
 */
export async function* unpackGzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new PieceReader(packed);
  try {
    do {
      await passHeader(input);
      yield* unpackMember(input);
    } while (await isFollowed(input));
  } finally {
    await input.close();
  }
}

/** Pieces of input, with the rest of one given back. */
class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next bytes, a copy; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    if (rest.length > 0) return rest;
    const { done, value } = await this.#pieces.next();
    return done === true ? undefined : Uint8Array.from(value);
  }

  /** Before the next bytes. */
  giveBack(bytes: Uint8Array): void {
    this.#rest = bytes;
  }

  /** @throws InputError TRUNCATED */
  async byte(): Promise<number> {
    for (;;) {
      const [first] = this.#rest;
      if (first !== undefined) {
        this.#rest = this.#rest.subarray(1);
        return first;
      }
      const next = await this.next();
      if (next === undefined) throw truncated();
      this.#rest = next;
    }
  }

  async bytes(count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; at += 1) bytes[at] = await this.byte();
    return bytes;
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

async function passHeader(input: PieceReader): Promise<void> {
  for (const byte of MAGIC) {
    if ((await input.byte()) !== byte) throw new InputError('CORRUPT', 'what follows is no gzip');
  }
  const flags = (await input.bytes(HEADER_BYTES)).readUInt8(0);
  if ((flags & RESERVED) !== 0) throw new InputError('CORRUPT', 'no flags of a gzip');
  if ((flags & EXTRA) !== 0) await input.bytes((await input.bytes(2)).readUInt16LE(0));
  // Both end with a zero.
  if ((flags & NAME) !== 0) while ((await input.byte()) !== 0);
  if ((flags & COMMENT) !== 0) while ((await input.byte()) !== 0);
  if ((flags & HEADER_CHECKSUM) !== 0) await input.bytes(2);
}

async function* unpackMember(input: PieceReader): AsyncGenerator<Uint8Array> {
  const engine = createInflateRaw({ chunkSize: UNPACKED_CHUNK_BYTES });
  const driver = new EngineDriver(engine);
  let sum = 0;
  let length = 0;
  try {
    for (;;) {
      const piece = await input.next();
      if (piece === undefined) throw truncated();
      const before = engine.bytesWritten;
      for await (const chunk of driver.drain((done) => engine.write(piece, done))) {
        sum = crc32(chunk, sum);
        length += chunk.length;
        yield chunk;
      }
      // What the engine did not want is behind the content.
      const taken = engine.bytesWritten - before;
      if (taken === piece.length) continue;
      input.giveBack(piece.subarray(taken));
      break;
    }
  } finally {
    engine.destroy();
  }
  const trailer = await input.bytes(TRAILER_BYTES);
  if (trailer.readUInt32LE(0) !== sum || trailer.readUInt32LE(4) !== length % 2 ** 32) {
    throw new InputError('CORRUPT', 'the content is not what the gzip’s checksum says');
  }
}

/** Whether there is another member. */
async function isFollowed(input: PieceReader): Promise<boolean> {
  let isPadded = false;
  for (;;) {
    const piece = await input.next();
    if (piece === undefined) return false;
    const other = piece.findIndex((byte) => byte !== 0);
    isPadded ||= other !== 0;
    if (other === -1) continue;
    if (isPadded) throw new InputError('CORRUPT', 'there is something behind the gzip’s padding');
    input.giveBack(piece);
    return true;
  }
}
