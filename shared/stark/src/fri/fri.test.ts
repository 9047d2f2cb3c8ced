import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Opening } from '../commit/opening.ts';
import type { Extension } from '../field/extension.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { type FriProof, lowDegreeWord, proveFri, type Word } from '../testing/fri-proof.ts';
import { take, valuesFrom } from '../testing/kernel-columns.ts';
import { checkQueries, type FriQuery } from './check-queries.ts';

const module = await readKernelModule();
const LOG_BLOWUP = 2;
const HEIGHTS = [9, 7, 6];
const polynomials = HEIGHTS.map((logHeight) => {
  return [logHeight, lowDegreeWord(logHeight, logHeight, LOG_BLOWUP)] as const;
});
/** Words that a test may change. */
const honestWords = () =>
  new Map(polynomials.map(([logHeight, word]) => [logHeight, word.map((one) => one.slice())]));
const prove = (words: ReadonlyMap<number, Word>, logBlowup = LOG_BLOWUP) =>
  proveFri(new Kernel(module), words, logBlowup);
const honest = prove(honestWords());
const LAYERS = honest.commitment.schedule.layers.length;
/** Some exponents of the largest domain: in the first leaf, in the last, in all cosets. */
const INDICES = [0, 1, 515, 1022, 2047];

const check = ({ commitment }: FriProof, ...queries: FriQuery[]) =>
  checkQueries(commitment, queries);
const plusOne = ([first, ...rest]: Extension): Extension => [(first + 1) % 2013265921, ...rest];

/** A query with the opening of one layer replaced. */
function withLayer(query: FriQuery, layer: number, change: (opening: Opening) => Opening) {
  const layers = query.layers.map((one, i) => (i === layer ? change(one) : one));
  return { ...query, layers };
}

for (const [heights, logBlowup] of [
  [[9, 7, 6], 2],
  [[9, 6], 2],
  [[9], 2],
  [[9, 8], 3],
  [[6], 3],
] as const) {
  test(`polynomials of heights 2^${heights} at blowup ${2 ** logBlowup} are accepted`, () => {
    const proof = prove(
      new Map(heights.map((one) => [one, lowDegreeWord(one, one, logBlowup)])),
      logBlowup,
    );
    const size = 2 ** proof.commitment.schedule.logSize;
    const queries = take(valuesFrom(9), 40).map((value) => proof.query(Number(value) % size));
    assert.deepEqual(checkQueries(proof.commitment, queries), { ok: true });
  });
}

for (const logHeight of HEIGHTS) {
  test(`a word far from low degree at height 2^${logHeight} is refused at the end`, () => {
    const words = honestWords();
    const size = 2 ** (logHeight + LOG_BLOWUP);
    const values = valuesFrom(5);
    words.set(
      logHeight,
      Array.from({ length: 5 }, () => Uint32Array.from(take(values, size), Number)),
    );
    const proof = prove(words);
    // Coset 0 is what the final polynomial was made of; the others cannot agree with it.
    for (const index of [1, 515, 1022, 2047]) {
      const verdict = { ok: false, reason: 'FINAL_POLYNOMIAL', layer: LAYERS } as const;
      assert.deepEqual(check(proof, proof.query(index)), verdict);
    }
  });
}

test('one wrong value of a word is refused where a query meets it or a sibling', () => {
  const words = honestWords();
  const wrong = words.get(9)?.[3];
  assert.ok(wrong);
  wrong[515] = ((wrong[515] ?? 0) + 1) % 2013265921;
  const proof = prove(words);
  const refused = { ok: false, reason: 'FINAL_POLYNOMIAL', layer: LAYERS } as const;
  // The first layer folds by 4, to 2^9 leaves: 515 is 3 + 2^9.
  for (const index of [3, 515, 515 + 512, 515 + 1024]) {
    assert.deepEqual(check(proof, proof.query(index)), refused);
  }
  assert.deepEqual(check(proof, proof.query(4)), { ok: true });
});

test('a combination other than the committed one is refused', () => {
  const reasons = [
    [11, { reason: 'FIRST_LAYER', layer: 0 }],
    [9, { reason: 'FOLD', layer: 1 }],
    [8, { reason: 'FINAL_POLYNOMIAL', layer: 2 }],
  ] as const;
  for (const index of INDICES) {
    const query = honest.query(index);
    for (const [logSize, expected] of reasons) {
      const combinations = new Map(query.combinations);
      combinations.set(logSize, plusOne(combinations.get(logSize) ?? [0, 0, 0, 0, 0]));
      const verdict = check(honest, { ...query, combinations });
      assert.deepEqual(verdict, { ok: false, ...expected });
    }
  }
});

test('a changed value and swapped siblings are not in the tree', () => {
  const query = honest.query(515);
  for (let layer = 0; layer < LAYERS; layer++) {
    const refused = { ok: false, reason: 'LAYER_OPENING', layer } as const;
    const count = query.layers[layer]?.rows[0]?.length ?? 0;
    for (let i = 0; i < count; i++) {
      const changed = withLayer(query, layer, ({ rows, siblings }) => ({
        rows: rows.map((row) => row.map((value, j) => (i === j ? value ^ 1 : value))),
        siblings,
      }));
      assert.deepEqual(check(honest, changed), refused);
    }
    const swapped = withLayer(query, layer, ({ rows: [row], siblings }) => ({
      rows: [Uint32Array.of(...(row?.slice(5) ?? []), ...(row?.slice(0, 5) ?? []))],
      siblings,
    }));
    assert.deepEqual(check(honest, swapped), refused);
  }
});

test('a leaf of another index is refused', () => {
  const [query, other] = [honest.query(515), honest.query(516)];
  const moved = { ...query, layers: other.layers };
  assert.deepEqual(check(honest, moved), { ok: false, reason: 'LAYER_OPENING', layer: 0 });
});

test('a layer folded with another challenge is refused', () => {
  const { betas, ...rest } = honest.commitment;
  for (const layer of betas.keys()) {
    const changed = betas.map((beta, i) => (i === layer ? plusOne(beta) : beta));
    const verdict = checkQueries({ ...rest, betas: changed }, [honest.query(7)]);
    const reason = layer + 1 < LAYERS ? 'FOLD' : 'FINAL_POLYNOMIAL';
    assert.deepEqual(verdict, { ok: false, reason, layer: layer + 1 });
  }
});

test('every coefficient of the final polynomial counts', () => {
  const { finalPolynomial, ...rest } = honest.commitment;
  for (const place of finalPolynomial.keys()) {
    const changed = finalPolynomial.map((one, i) => (i === place ? plusOne(one) : one));
    const commitment = { ...rest, finalPolynomial: changed };
    const verdict = checkQueries(commitment, [honest.query(7)]);
    assert.deepEqual(verdict, { ok: false, reason: 'FINAL_POLYNOMIAL', layer: LAYERS });
  }
});

test('what has not the shape of the schedule is refused', () => {
  const { commitment } = honest;
  const { caps, betas, finalPolynomial } = commitment;
  const query = honest.query(3);
  const without = (logSize: number) =>
    new Map([...query.combinations].filter(([other]) => other !== logSize));
  const short = withLayer(query, 1, ({ rows, siblings }) => ({
    rows: rows.map((row) => row.slice(5)),
    siblings,
  }));
  const cases = [
    checkQueries({ ...commitment, caps: caps.slice(1) }, [query]),
    checkQueries({ ...commitment, caps: caps.map((cap) => cap.slice(32)) }, [query]),
    checkQueries({ ...commitment, betas: betas.slice(1) }, [query]),
    checkQueries({ ...commitment, betas: [...betas, ...betas] }, [query]),
    checkQueries({ ...commitment, finalPolynomial: finalPolynomial.slice(1) }, [query]),
    checkQueries(commitment, [{ ...query, layers: query.layers.slice(1) }]),
    checkQueries(commitment, [{ ...query, layers: [...query.layers, ...query.layers] }]),
    checkQueries(commitment, [short]),
    ...[11, 9, 8].map((logSize) =>
      checkQueries(commitment, [{ ...query, combinations: without(logSize) }]),
    ),
  ];
  for (const verdict of cases) assert.ok(!verdict.ok && verdict.reason === 'SHAPE');
});
