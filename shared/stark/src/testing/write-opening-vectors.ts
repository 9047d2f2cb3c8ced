/** Rewrites vectors/openings.json: the decision to change what account proofs are. */
import { writeFileSync } from 'node:fs';
import { makeOpeningVectors } from './plain-rows.ts';

const file = new URL('vectors/openings.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(makeOpeningVectors(), undefined, 1)}\n`);
