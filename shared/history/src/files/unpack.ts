/** Content of packed data, however it is cut. */
import type { Transform } from 'node:stream';
import { createInflateRaw, createZstdDecompress } from 'node:zlib';
import { EngineDriver, UNPACKED_CHUNK_BYTES } from './engine-driver.ts';
import { truncated } from './input-error.ts';
import { ZstdFrames } from './zstd-frames.ts';

type Pieces = AsyncIterable<Uint8Array>;

/**
 * All frames of zstd, one after another.
 * @throws InputError TRUNCATED, CORRUPT after what came before was handed over
 */
export async function* unpackZstd(packed: Pieces): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  // It stops at a frame's end, unless the next frame comes in another piece.
  const engine = createZstdDecompress({ chunkSize: UNPACKED_CHUNK_BYTES });
  yield* unpack(engine, frames.split(packed));
  if (!frames.isWhole) throw truncated();
}

/**
 * Deflated data without a header.
 * @throws InputError TRUNCATED, CORRUPT after what came before was handed over
 */
export function unpackDeflated(packed: Pieces): AsyncGenerator<Uint8Array> {
  const engine = createInflateRaw({ chunkSize: UNPACKED_CHUNK_BYTES });
  return unpack(engine, packed, (done) => engine.end(done));
}

/** @param end where the engine has to be told that nothing follows */
async function* unpack(
  engine: Transform,
  pieces: Pieces,
  end?: (done: () => void) => void,
): AsyncGenerator<Uint8Array> {
  const driver = new EngineDriver(engine);
  try {
    for await (const piece of pieces) {
      // A copy, as the piece may be gone when the engine still reads it.
      yield* driver.drain((done) => engine.write(piece.slice(), done));
    }
    if (end !== undefined) yield* driver.drain(end);
  } finally {
    engine.destroy();
  }
}
