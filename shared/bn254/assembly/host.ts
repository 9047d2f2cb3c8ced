import { mulR } from './field-products';
import { PAIR } from './pairs';

/** `rounds` pairs of products, over `pairs` pairs in turn: 1 measures the time until a result. */
export function repeatProducts(target: usize, factor: usize, pairs: u32, rounds: u32): void {
  for (let i: u32 = 0; i < rounds; i++) {
    const at = target + PAIR * (i % pairs);
    mulR(at, at, factor);
  }
}

/** First address after the module's own data. */
export function heapBase(): usize {
  return __heap_base;
}
