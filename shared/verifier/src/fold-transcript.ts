/** What a fold's challenges are drawn from, byte by byte (FOLDING.md, section 4). */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { assert } from './assert.ts';
import { ByteWriter, concatBytes, domainHash, utf8ToBytes } from './bytes.ts';
import { fromBigEndian, reduce, toBigEndian } from './field.ts';

/** A witness that was committed to, and its public signals. */
export interface FreshInstance {
  readonly kind: 'fresh';
  /** Compressed, 32 bytes. */
  readonly commitment: Uint8Array;
  readonly x: readonly bigint[];
}

/** What a fold leaves: the matrices' values at a point are claimed of z = (u, x, W). */
export interface LinearInstance {
  readonly kind: 'linear';
  readonly commitment: Uint8Array;
  readonly u: bigint;
  readonly x: readonly bigint[];
  readonly point: readonly bigint[];
  readonly values: Triple;
}

export type FoldInstance = FreshInstance | LinearInstance;
/** One element for each of A, B, C. */
export type Triple = readonly [bigint, bigint, bigint];

const TAGS = { round: 1, claims: 2, gamma: 16, beta: 17, point: 18, rho: 19 } as const;
const CODES = { fresh: 1, linear: 2 } as const;

export function encodeInstance(instance: FoldInstance): Uint8Array {
  const elements =
    instance.kind === 'fresh'
      ? instance.x
      : [instance.u, ...instance.x, ...instance.point, ...instance.values];
  const writer = new ByteWriter(33 + 32 * elements.length);
  writer.unsigned(CODES[instance.kind], 1).bytes(instance.commitment, 32);
  return writer.bytes(encodeElements(elements), 32 * elements.length).finish();
}

export function encodeElements(elements: readonly bigint[]): Uint8Array {
  return concatBytes(...elements.map(toBigEndian));
}

/** One fold's: it begins with the shape and whole instances, and every message moves it on. */
export class FoldTranscript {
  #state: Uint8Array;

  constructor(shapeDigest: Uint8Array, instances: readonly FoldInstance[]) {
    assert(instances.length === 1 || instances.length === 2, 'one instance or two are folded');
    const encoded = instances.map(encodeInstance);
    const count = Uint8Array.of(instances.length);
    this.#state = domainHash('foldbook/fold/v1\n', shapeDigest, count, ...encoded);
  }

  /** SHA-256 of everything so far. */
  get state(): Uint8Array {
    return this.#state;
  }

  gamma(): bigint {
    return this.#draw(TAGS.gamma, 0);
  }

  beta(variables: number): bigint[] {
    return Array.from({ length: variables }, (_, index) => this.#draw(TAGS.beta, index));
  }

  /** Absorbs a round's polynomial; the coordinate that it is evaluated at. */
  round(index: number, polynomial: readonly bigint[]): bigint {
    this.#absorb(TAGS.round, polynomial);
    return this.#draw(TAGS.point, index);
  }

  /** Absorbs the matrices' values of all instances; what the second instance is multiplied by. */
  rho(claims: readonly Triple[]): bigint {
    this.#absorb(TAGS.claims, claims.flat());
    return this.#draw(TAGS.rho, 0);
  }

  #absorb(tag: number, elements: readonly bigint[]): void {
    const head = Uint8Array.of(tag, elements.length);
    this.#state = sha256(concatBytes(this.#state, head, encodeElements(elements)));
  }

  /** 512 bits mod r: within 2^-257 of uniform. */
  #draw(tag: number, index: number): bigint {
    const domain = utf8ToBytes('foldbook/fold-challenge/v1\n');
    const wide = sha512(concatBytes(domain, this.#state, Uint8Array.of(tag, index)));
    return reduce(fromBigEndian(wide));
  }
}
