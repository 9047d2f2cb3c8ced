import type { Decoded } from '../decoding.ts';

/** What was read; a test that reads what is none fails with the reason. */
export function decoded<T>(result: Decoded<T>): T {
  if (result.ok) return result.value;
  throw new Error(result.error.message);
}
