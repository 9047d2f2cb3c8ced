/** Rewrites vectors/field.json: the decision to change what provers and verifiers agree on. */
import { writeFileSync } from 'node:fs';
import { makeFieldVectors } from './field-vectors.ts';

const file = new URL('vectors/field.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(makeFieldVectors(), undefined, 1)}\n`);
