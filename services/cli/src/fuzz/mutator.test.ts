import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mutator } from './mutator.ts';

const corpus = ['34200.1,1,7,4,100,1\n', '1,2,3\n4,5,6\n'].map((text) => Buffer.from(text));

for (const isText of [false, true]) {
  test(`the same seed, the same inputs of ${isText ? 'text' : 'binary'}`, () => {
    const make = () => new Mutator({ corpus, isText, words: ['word'] });
    const [one, other] = [make(), make()];
    // In another order: what was made before makes no difference.
    const runs = Array.from({ length: 3_000 }, (_, run) => run);
    const first = runs.map((run) => one.input(5, run).toString('latin1'));
    for (const run of runs.toReversed()) {
      assert.equal(other.input(5, run).toString('latin1'), first[run]);
    }
    assert.deepEqual(first.slice(0, 2), corpus.map(String));
    // Short ones come twice by chance.
    assert.ok(new Set(first).size > 2_000, `${new Set(first).size} of 3,000 inputs differ`);
    assert.ok(first.every(({ length }) => length <= 120_000));
    assert.ok(
      first.some(({ length }) => length > 20_000),
      'some are long',
    );
    assert.notEqual(one.input(6, 5).toString('latin1'), first[5]);
  });
}

test('the corpus stays as it is, and checksums are mended now and then', () => {
  const before = corpus.map((bytes) => bytes.toString('hex'));
  let mended = 0;
  const mend = (bytes: Buffer) => {
    mended += 1;
    bytes.fill(0);
  };
  const mutator = new Mutator({ corpus, isText: false, words: [], mend });
  for (let run = 0; run < 200; run += 1) mutator.input(1, run);
  assert.ok(mended > 100 && mended < 198);
  assert.deepEqual(
    corpus.map((bytes) => bytes.toString('hex')),
    before,
  );
});
