/** What prover and verifier say to each other, and the challenges it gives (SPEC section 4). */
import { blake3 } from '@noble/hashes/blake3.js';
import { KEYS } from './commit/keys.ts';
import { PRIME } from './field/base.ts';
import type { Extension } from './field/extension.ts';

export const TAGS = {
  STATEMENT: 1,
  CAP: 2,
  SUMS: 3,
  VALUES: 4,
  FINAL_POLYNOMIAL: 5,
  NONCE: 6,
} as const;
export type Tag = (typeof TAGS)[keyof typeof TAGS];

const PROTOCOL = new TextEncoder().encode('foldbook/stark/v1');
/** In the place of a tag: what is made of a state. */
const ELEMENT = 255;
const NEXT_STATE = 254;
const INDICES = 253;

const BLOCK_BYTES = 64;

export class Transcript {
  #state = blake3(PROTOCOL, { key: KEYS.TRANSCRIPT });

  /** The 32 bytes T. */
  get state(): Uint8Array {
    return this.#state.slice();
  }

  absorb(tag: Tag, bytes: Uint8Array): void {
    const prefix = new Uint8Array(9);
    const view = new DataView(prefix.buffer);
    view.setUint8(0, tag);
    view.setBigUint64(1, BigInt(bytes.length), true);
    const hasher = blake3.create({ key: KEYS.TRANSCRIPT });
    this.#state = hasher.update(this.#state).update(prefix).update(bytes).digest();
  }

  draw(): Extension {
    const challenge = elementOf(KEYS.TRANSCRIPT, this.#with(ELEMENT));
    this.#advance();
    return challenge;
  }

  /** So many exponents below 2^logSize, with repetitions; logSize is at most 27. */
  drawIndices(count: number, logSize: number): number[] {
    const words = wordsFrom(KEYS.TRANSCRIPT, this.#with(INDICES));
    const indices = words.take(count).map((word) => word % 2 ** logSize);
    const drawn = [...indices];
    this.#advance();
    return drawn;
  }

  #advance(): void {
    this.#state = blake3(this.#with(NEXT_STATE), { key: KEYS.TRANSCRIPT });
  }

  #with(byte: number): Uint8Array {
    const message = new Uint8Array(this.#state.length + 1);
    message.set(this.#state);
    message[this.#state.length] = byte;
    return message;
  }
}

/** The element of F that the extended output of a hash gives. */
export function elementOf(key: Uint8Array, message: Uint8Array): Extension {
  return readElement(wordsFrom(key, message));
}

/** Of each word 31 bits are taken; those that are not below p are passed over. */
export function readElement(words: IteratorObject<number>): Extension {
  const coefficients = words.map((word) => word % 2 ** 31).filter((word) => word < PRIME);
  const [c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0] = coefficients.take(5);
  return [c0, c1, c2, c3, c4];
}

/** The extended output of a hash, without end, as words. */
function* wordsFrom(key: Uint8Array, message: Uint8Array): Generator<number, never> {
  const hasher = blake3.create({ key }).update(message);
  for (;;) {
    const view = new DataView(hasher.xof(BLOCK_BYTES).buffer);
    for (let offset = 0; offset < BLOCK_BYTES; offset += 4) yield view.getUint32(offset, true);
  }
}
