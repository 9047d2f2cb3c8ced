/**
 * Walks over the frames of a zstd file, so that each can be unpacked on its own and a file that was
 * cut off is told from a whole one. RFC 8878, section 3.
 */
import { InputError } from './input-error.ts';

const MAGIC = 0xfd2fb528;
/** The lowest four bits may be anything. */
const SKIPPABLE = 0x184d2a50;
const RUN = 1;
const RESERVED = 3;
/** A frame's longest header: magic, descriptor, window, dictionary, size. */
const MOST_HEADER_BYTES = 4 + 1 + 1 + 4 + 8;
const DICTIONARY_BYTES = [0, 1, 2, 4];
const SIZE_BYTES = [0, 2, 4, 8];

type Stage = 'magic' | 'skip size' | 'skipped' | 'header' | 'block' | 'content' | 'checksum';

export class ZstdFrames {
  #stage: Stage = 'magic';
  /** What the stage still needs before it can tell what follows. */
  #needed = 4;
  readonly #field = Buffer.alloc(MOST_HEADER_BYTES);
  #fieldBytes = 0;
  #isLastBlock = false;
  #hasChecksum = false;
  #at = 0;

  /** Whether what came so far ends with a frame. */
  get isWhole(): boolean {
    return this.#stage === 'magic' && this.#fieldBytes === 0;
  }

  /**
   * The same bytes, but no piece has parts of two frames.
   * @throws InputError CORRUPT
   */
  async *split(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of packed) {
      for (let from = 0; from < bytes.length; ) {
        const end = this.#frameEnd(bytes, from);
        yield bytes.subarray(from, end);
        from = end;
      }
    }
  }

  /** Where the frame that goes on at `from` ends, or the bytes do. */
  #frameEnd(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      const taken = Math.min(this.#needed, bytes.length - at);
      if (this.#stage !== 'content' && this.#stage !== 'skipped' && this.#stage !== 'checksum') {
        this.#field.set(bytes.subarray(at, at + taken), this.#fieldBytes);
        this.#fieldBytes += taken;
      }
      at += taken;
      this.#at += taken;
      this.#needed -= taken;
      if (this.#needed > 0) continue;
      this.#advance();
      if (this.#stage === 'magic' && this.#fieldBytes === 0) break;
    }
    return at;
  }

  /** The stage has what it needs. */
  #advance(): void {
    switch (this.#stage) {
      case 'magic':
        this.#takeMagic();
        break;
      case 'skip size':
        this.#enter('skipped', this.#field.readUInt32LE(0));
        break;
      case 'header':
        this.#takeHeader();
        break;
      case 'block':
        this.#takeBlock();
        break;
      case 'content':
        if (!this.#isLastBlock) this.#enter('block', 3);
        else this.#enter('checksum', this.#hasChecksum ? 4 : 0);
        break;
      case 'skipped':
      case 'checksum':
        this.#enter('magic', 4);
        break;
      default:
        this.#stage satisfies never;
    }
  }

  #enter(stage: Stage, needed: number): void {
    this.#stage = stage;
    this.#needed = needed;
    this.#fieldBytes = 0;
    // Nothing has to come for it: it is over at once.
    if (needed === 0) this.#advance();
  }

  #takeMagic(): void {
    const magic = this.#field.readUInt32LE(0);
    if (magic === MAGIC) {
      this.#enter('header', 1);
    } else if ((magic & ~15) >>> 0 === SKIPPABLE) {
      this.#enter('skip size', 4);
    } else {
      throw new InputError('CORRUPT', `no zstd frame at byte ${this.#at - 4}`);
    }
  }

  #takeHeader(): void {
    const descriptor = this.#field.readUInt8(0);
    const isSingle = (descriptor >> 5) & 1;
    const dictionary = DICTIONARY_BYTES[descriptor & 3] ?? 0;
    const size = SIZE_BYTES[descriptor >> 6] || isSingle;
    const rest = 1 - isSingle + dictionary + size;
    this.#hasChecksum = (descriptor & 4) !== 0;
    if (this.#fieldBytes === 1 && rest > 0) this.#needed = rest;
    else this.#enter('block', 3);
  }

  #takeBlock(): void {
    const header = this.#field.readUIntLE(0, 3);
    const type = (header >> 1) & 3;
    if (type === RESERVED) throw new InputError('CORRUPT', `no zstd block at byte ${this.#at - 3}`);
    this.#isLastBlock = (header & 1) !== 0;
    this.#enter('content', type === RUN ? 1 : header >> 3);
  }
}
