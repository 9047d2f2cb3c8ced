import { readFileSync } from 'node:fs';

/** A file of shared/verifier/vectors, of the shape that its test says. */
export function readVectors<T>(name: string): T {
  const file = new URL(`../../vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
