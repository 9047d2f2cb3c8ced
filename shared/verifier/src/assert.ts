/** Throws on a programmer error. Not node:assert: this package also runs in browsers. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** The element at `index`, which the caller knows to be there. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const value = list[index];
  if (value === undefined) {
    throw new Error(`assertion failed: index ${index} of ${list.length}`);
  }
  return value;
}
