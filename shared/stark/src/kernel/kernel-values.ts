/** Elements and addresses in kernel memory, as its functions take them. */
import { DEGREE, type Extension, fromWords } from '../field/extension.ts';
import type { Kernel } from './kernel.ts';
import { fromMontgomery, toMontgomery } from './montgomery.ts';

const WORD_BYTES = 4;

/** Address of elements, five words each in Montgomery form. */
export function placeElements({ arena }: Kernel, elements: readonly Extension[]): number {
  const address = arena.take(WORD_BYTES * DEGREE * elements.length);
  const words = arena.words(address, DEGREE * elements.length);
  elements.forEach((element, index) => {
    element.forEach((coefficient, i) => {
      words[DEGREE * index + i] = toMontgomery(coefficient);
    });
  });
  return address;
}

/** Address of a list of addresses. */
export function placePointers({ arena }: Kernel, pointers: readonly number[]): number {
  const address = arena.take(WORD_BYTES * pointers.length);
  arena.words(address, pointers.length).set(pointers);
  return address;
}

/** Elements that the kernel wrote, five words each. */
export function readElements({ arena }: Kernel, address: number, count: number): Extension[] {
  const words = arena.words(address, DEGREE * count).map(fromMontgomery);
  return Array.from({ length: count }, (_, index) => fromWords(words, DEGREE * index));
}

/** What `use` returns; whatever it takes of the arena is given back after it. */
export function scratch<T>({ arena }: Kernel, use: () => T): T {
  const { mark } = arena;
  try {
    return use();
  } finally {
    arena.release(mark);
  }
}
