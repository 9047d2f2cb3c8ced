/** First address after the module's own data. */
export function heapBase(): usize {
  return __heap_base;
}
