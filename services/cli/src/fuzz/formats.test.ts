/** Every input that is kept, and some thousands that are made of them: a small `check fuzz`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { recogniseFormat } from '@foldbook/history';
import { FORMATS, mutatorOf, openFormat, readCorpus } from './formats.ts';
import { failureIn, WHOLE } from './fuzz-target.ts';
import { sealCompact } from './market-formats.ts';

const folder = mkdtempSync(join(tmpdir(), 'foldbook-fuzz-'));
after(() => rmSync(folder, { recursive: true }));
const SEED = 20_261_122;
const MADE = 150;
/** Of files, each of which is written and read, and of proofs, before two verifiers. */
const MADE_FILES = 30;

for (const format of FORMATS) {
  test(`${format}: a value or a code, whatever it is given`, async () => {
    const target = await openFormat(format, folder);
    const corpus = readCorpus(format);
    let whole = 0;
    for (const { name, bytes } of corpus) {
      const failure = await failureIn(target, bytes);
      assert.equal(failure, undefined, `${name}: ${failure?.message}`);
      if ((await target.check(bytes)) === WHOLE) whole += 1;
    }
    assert.ok(whole > 0, 'one of the corpus is right');
    const mutator = mutatorOf(target, corpus);
    const made = ['packed', 'stark-proof'].includes(format) ? MADE_FILES : MADE;
    for (let run = corpus.length; run < corpus.length + made; run += 1) {
      const failure = await failureIn(target, mutator.input(SEED, run));
      assert.equal(failure, undefined, `seed ${SEED}, run ${run}: ${failure?.message}`);
    }
  });
}

test('a compact file that is sealed again is the same', () => {
  for (const { name, bytes } of readCorpus('compact')) {
    const sealed = Buffer.from(bytes);
    sealCompact(sealed);
    assert.ok(sealed.equals(bytes), name);
    assert.deepEqual(recogniseFormat(sealed), { name: 'compact' });
  }
});
