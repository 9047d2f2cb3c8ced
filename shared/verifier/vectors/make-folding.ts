/**
 * Writes folding.json from the model of FOLDING.md in src/testing: node vectors/make-folding.ts
 * It is not what proves or verifies; the tests hold both against the file.
 */
import { writeFileSync } from 'node:fs';
import { bytesToHex } from '../src/bytes.ts';
import { compressPoint, FoldModel } from '../src/testing/fold-model.ts';
import { foldVectors } from '../src/testing/fold-vectors.ts';
import { tinyShape } from '../src/testing/tiny-shape.ts';

const vectors = foldVectors(new FoldModel(tinyShape), (point) => bytesToHex(compressPoint(point)));
const file = new URL('./folding.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`);
