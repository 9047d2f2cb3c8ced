/** The transcript. */
import { type Element, P } from './field.ts';
import { ascii, hash, littleEndian, TRANSCRIPT, words } from './hash.ts';

/** The tags of SPEC.md section 4. */
export const TAG = { statement: 1, cap: 2, sums: 3, values: 4, final: 5, nonce: 6 } as const;

/** Five words below p, others passed over. */
export function readElement(source: Iterable<number>): Element {
  const element: bigint[] = [];
  for (const word of source) {
    const candidate = BigInt(word % 2 ** 31);
    if (candidate < P) element.push(candidate);
    if (element.length === 5) break;
  }
  return element;
}

/** The transcript of SPEC.md section 4. */
export class Transcript {
  state = hash(TRANSCRIPT, ascii('foldbook/stark/v1'));

  absorb(tag: number, bytes: Uint8Array): void {
    const head = [this.state, littleEndian(tag, 1), littleEndian(bytes.length, 8)];
    this.state = hash(TRANSCRIPT, ...head, bytes);
  }

  draw(): Element {
    const element = readElement(words(TRANSCRIPT, this.#marked(255)));
    this.state = hash(TRANSCRIPT, this.#marked(254));
    return element;
  }

  /** `count` exponents of a domain of log size m. */
  drawIndices(count: number, m: number): number[] {
    const source = words(TRANSCRIPT, this.#marked(253));
    const indices = Array.from({ length: count }, () => (source.next().value ?? 0) % 2 ** m);
    this.state = hash(TRANSCRIPT, this.#marked(254));
    return indices;
  }

  #marked(mark: number): Uint8Array {
    return Uint8Array.from([...this.state, mark]);
  }
}
