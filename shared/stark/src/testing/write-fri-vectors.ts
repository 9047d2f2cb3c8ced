/** Rewrites vectors/fri.json: the decision to change what provers and verifiers agree on. */
import { writeFileSync } from 'node:fs';
import { makeFriVectors } from './fri-vectors.ts';

const file = new URL('vectors/fri.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(makeFriVectors(), undefined, 1)}\n`);
