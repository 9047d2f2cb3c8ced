/** Rewrites vectors/commit.json: the decision to change what provers and verifiers agree on. */
import { writeFileSync } from 'node:fs';
import { makeCommitVectors } from './commit-vectors.ts';

const file = new URL('vectors/commit.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(makeCommitVectors(), undefined, 1)}\n`);
