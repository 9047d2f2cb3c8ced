/** Folded proofs against the model of FOLDING.md, and what has to be refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { at } from './assert.ts';
import { bytesToHex, hexToBytes } from './bytes.ts';
import { SCALAR_ORDER, toBigEndian } from './field.ts';
import { combinePoints, type FoldKey, readFoldKey } from './fold-key.ts';
import { decodeShape, encodeShape, shapeDigest } from './fold-shape.ts';
import { checkStep } from './fold-step.ts';
import { type FoldInstance, FoldTranscript, type Triple } from './fold-transcript.ts';
import { FoldTree } from './fold-tree.ts';
import { FOLD_LEAVES_MAX, type FoldLeaf, foldedBytes, verifyFolded } from './folding.ts';
import {
  compressPoint,
  type FoldCheats,
  FoldModel,
  type ModelInstance,
} from './testing/fold-model.ts';
import { type FoldVectors, foldVectors } from './testing/fold-vectors.ts';
import { checkDecoder } from './testing/fuzz.ts';
import { tinyShape, tinyWitness } from './testing/tiny-shape.ts';
import { readVectors } from './testing/vectors.ts';

const vectors = readVectors<FoldVectors>('folding');
const model = new FoldModel(tinyShape);
const key = keyOf(model);

function keyOf({ file }: FoldModel): FoldKey {
  const read = readFoldKey(file);
  assert(read.ok);
  return read.value;
}

const honest = (count: number): ModelInstance[] =>
  Array.from({ length: count }, (_, index) => {
    const { x, w } = tinyWitness(BigInt(3 + index), BigInt(5 + 2 * index));
    return model.fresh(x, w);
  });
const leavesOf = (instances: readonly ModelInstance[]): FoldLeaf[] =>
  instances.map(({ commitment, x }, index) => {
    return { part: `batch ${index}`, proof: compressPoint(commitment), signals: x };
  });
const outcome = (leaves: readonly FoldLeaf[], proof: Uint8Array): string => {
  const verdict = verifyFolded(key, leaves, proof);
  return verdict.ok ? 'accepted' : verdict.code;
};
/** What becomes of a proof of these instances that is made with cheats. */
const cheated = (instances: readonly ModelInstance[], cheats: FoldCheats): string =>
  outcome(leavesOf(instances), model.prove(instances, cheats));

test('the vectors are what the model gives, and hold', () => {
  assert.deepEqual(
    foldVectors(model, (point) => bytesToHex(compressPoint(point))),
    vectors,
  );
  const leaves = vectors.leaves.map(({ commitment, x }, index): FoldLeaf => {
    return { part: `${index}`, proof: hexToBytes(commitment), signals: x.map(BigInt) };
  });
  assert.equal(outcome(leaves, hexToBytes(vectors.proof)), 'accepted');
  assert.equal(outcome(leaves.slice(0, 1), hexToBytes(vectors.lone)), 'accepted');
});

/** The instance that a step of the vectors, or a leaf, leaves for the next fold. */
const tripleOf = ([a = '', b = '', c = '']: readonly string[]): Triple => {
  return [BigInt(a), BigInt(b), BigInt(c)];
};
const freshOf = ({ commitment, x }: FoldVectors['leaves'][number]): FoldInstance => {
  return { kind: 'fresh', commitment: hexToBytes(commitment), x: x.map(BigInt) };
};
const linearOf = ({ folded, point }: FoldVectors['steps'][number]): FoldInstance => ({
  ...{ kind: 'linear', commitment: hexToBytes(folded.commitment), u: BigInt(folded.u) },
  ...{ x: folded.x.map(BigInt), point: point.map(BigInt), values: tripleOf(folded.v) },
});

test('states, challenges and results of every kind of fold are those of the vectors', () => {
  const leaves = vectors.leaves.map(freshOf);
  const folded = vectors.steps.map(linearOf);
  const [three, four] = [
    [at(folded, 0), at(folded, 1)],
    [at(folded, 2), ...leaves.slice(4)],
  ];
  const folds = [leaves.slice(0, 2), leaves.slice(2, 4), three, four];
  const { variables, digest: shapeDigest } = key;
  const context = { variables, shapeDigest, combine: combinePoints };
  for (const [index, step] of vectors.steps.entries()) {
    const instances = at(folds, index);
    const transcript = new FoldTranscript(key.digest, instances);
    const states = [bytesToHex(transcript.state)];
    assert.equal(String(transcript.gamma()), step.gamma);
    assert.deepEqual(transcript.beta(2).map(String), step.beta);
    const rounds = step.rounds.map((polynomial) => polynomial.map(BigInt));
    rounds.forEach((polynomial, round) => {
      assert.equal(String(transcript.round(round, polynomial)), step.point[round]);
      states.push(bytesToHex(transcript.state));
    });
    const claims = step.claims.map(tripleOf);
    assert.equal(String(transcript.rho(claims)), step.rho);
    states.push(bytesToHex(transcript.state));
    assert.deepEqual(states, step.states);
    const checked = checkStep(context, instances, { rounds, claims });
    assert(checked.ok, `step ${index}`);
    assert.deepEqual(checked.folded, folded[index]);
  }
});

test('no more leaves are taken than soundness was counted for', () => {
  const [leaf] = leavesOf(honest(1));
  assert(leaf !== undefined);
  const leaves = new Array<FoldLeaf>(FOLD_LEAVES_MAX + 1).fill(leaf);
  const verdict = verifyFolded(key, leaves, new Uint8Array());
  assert(!verdict.ok && verdict.code === 'PROOF_FORMAT');
  assert.match(verdict.message, /^1048577 leaves; 1048576 are the most/);
});

for (const count of [1, 2, 3, 4, 5, 7, 8]) {
  test(`${count} leaves`, () => {
    const instances = honest(count);
    const proof = model.prove(instances);
    assert.equal(proof.length, foldedBytes(key, count));
    assert.equal(outcome(leavesOf(instances), proof), 'accepted');
  });
}

test('every byte of a folded proof counts', () => {
  const instances = honest(3);
  const leaves = leavesOf(instances);
  const proof = model.prove(instances);
  for (let index = 0; index < proof.length; index++) {
    const changed = proof.slice();
    changed[index] = at(proof, index) ^ (1 << (index % 8));
    assert.notEqual(outcome(leaves, changed), 'accepted', `byte ${index}`);
  }
});

test('steps too few, too many, or bytes left over', () => {
  const instances = honest(3);
  const leaves = leavesOf(instances);
  const proof = model.prove(instances);
  const length = proof.length;
  const first = proof.subarray(0, 32 * 12);
  for (const wrong of [
    proof.subarray(0, length - 1),
    proof.subarray(0, length - 32),
    Uint8Array.from([...proof, 0]),
    proof.subarray(first.length),
    Uint8Array.from([...first, ...proof]),
    new Uint8Array(),
  ]) {
    assert.equal(outcome(leaves, wrong), 'PROOF_FORMAT');
  }
});

test('elements that are not canonical, wherever they stand', () => {
  const instances = honest(2);
  const proof = model.prove(instances);
  for (let offset = 0; offset < proof.length; offset += 32) {
    const changed = proof.slice();
    const value = BigInt(`0x${bytesToHex(proof.subarray(offset, offset + 32))}`);
    changed.set(toBigEndian(value + SCALAR_ORDER), offset);
    assert.equal(outcome(leavesOf(instances), changed), 'PROOF_FORMAT', `element at ${offset}`);
  }
});

test('leaves with other signals, dropped, doubled, swapped or of another witness', () => {
  const instances = honest(4);
  const leaves = leavesOf(instances);
  const proof = model.prove(instances);
  const [a, b, c, d] = leaves;
  assert(a !== undefined && b !== undefined && c !== undefined && d !== undefined);
  const others: FoldLeaf[][] = [
    ...a.signals.map((value, index) => [
      { ...a, signals: a.signals.with(index, value + 1n) },
      b,
      c,
      d,
    ]),
    [a, b, c],
    [a, b, c, d, d],
    [a, b, d, c],
    [b, a, c, d],
    [a, a, c, d],
    [a, b, c, { ...d, proof: c.proof }],
    [a, b, c, { ...c, proof: d.proof }],
  ];
  for (const wrong of others) assert.notEqual(outcome(wrong, proof), 'accepted');
});

test('signals and commitments that are none', () => {
  const instances = honest(2);
  const [leaf, other] = leavesOf(instances);
  assert(leaf !== undefined && other !== undefined);
  const proof = model.prove(instances);
  const verdict = (change: Partial<FoldLeaf>) => outcome([leaf, { ...other, ...change }], proof);
  assert.equal(verdict({ signals: [1n] }), 'SIGNAL_COUNT');
  assert.equal(verdict({ signals: [SCALAR_ORDER, 1n] }), 'SIGNAL_RANGE');
  assert.equal(verdict({ signals: [-1n, 1n] }), 'SIGNAL_RANGE');
  const turned = other.proof.slice();
  turned[0] = at(turned, 0) ^ 0x80;
  assert.equal(verdict({ proof: turned }), 'FOLD_REFUSED');
  // No point has x = 4; p is no coordinate; infinity is all zeros behind its flag.
  const p = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
  const infinity = new Uint8Array(32).fill(0);
  infinity.set([0x40], 0);
  infinity.set([1], 31);
  for (const none of [toBigEndian(4n), toBigEndian(p + 1n), infinity, other.proof.slice(1)]) {
    assert.equal(verdict({ proof: none }), 'PROOF_FORMAT');
  }
});

test('a witness that does not satisfy the circuit', () => {
  const [first, second] = honest(2);
  assert(first !== undefined && second !== undefined);
  const wires = fc.integer({ min: 0, max: 2 });
  const change = fc.bigInt({ min: 1n, max: SCALAR_ORDER - 1n });
  fc.assert(
    fc.property(wires, change, fc.integer({ min: 1, max: 3 }), (wire, by, count) => {
      const w = second.w.with(wire, (at(second.w, wire) + by) % SCALAR_ORDER);
      const wrong = model.fresh(second.x, w);
      const instances = [wrong, first, second].slice(0, count);
      assert.equal(cheated(instances, {}), 'FOLD_REFUSED');
    }),
    { numRuns: 20 },
  );
});

test('claims that do not hold are refused, whatever they are', () => {
  const instances = honest(2);
  for (const which of [0, 1, 2]) {
    const claims = (true_: bigint[][]) =>
      true_.map((values, index) =>
        index === 0 ? values.with(which, at(values, which) + 1n) : values,
      );
    assert.equal(cheated(instances, { claims }), 'FOLD_REFUSED');
  }
  // The last round's check alone does not see this one: A and C of a fresh instance move together.
  const claims = (true_: bigint[][]) =>
    true_.map(([a = 0n, b = 0n, c = 0n], index) =>
      index === 0 ? [(a + 1n) % SCALAR_ORDER, b, (c + b) % SCALAR_ORDER] : [a, b, c],
    );
  assert.equal(cheated(instances, { claims }), 'FOLD_OPENING');
});

test('challenges that are drawn too early', () => {
  const instances = honest(2);
  assert.equal(cheated(instances, { rhoFirst: true }), 'FOLD_OPENING');
  assert.equal(cheated(instances, { hides: true }), 'FOLD_REFUSED');
});

test('another u, another witness opened', () => {
  assert.notEqual(cheated(honest(3), { u: 1n }), 'accepted');
  const instances = honest(2);
  const proof = model.prove(instances);
  const other = model.prove(honest(4).slice(2));
  const opening = key.openingBytes;
  proof.set(other.subarray(other.length - opening), proof.length - opening);
  assert.equal(outcome(leavesOf(instances), proof), 'FOLD_OPENING');
});

test('a proof of another shape', () => {
  const values = tinyShape.values.map((value) => (value === 2n ? 3n : value));
  const other = new FoldModel({ ...tinyShape, values });
  const instances = honest(2);
  const verdict = verifyFolded(keyOf(other), leavesOf(instances), model.prove(instances));
  assert(!verdict.ok);
  assert.equal(verdict.code, 'FOLD_REFUSED');
});

test('a shape has one encoding, and its digest is over all of it', () => {
  checkDecoder(model.file, decodeShape, encodeShape, 3000);
  assert.equal(bytesToHex(model.file), vectors.shape.file);
  assert.equal(bytesToHex(shapeDigest(model.file)), vectors.shape.digest);
});

test('counts of a shape are refused before there is memory for them', () => {
  for (const offset of [8, 12, 16, 20, 24, 28, 32]) {
    const changed = model.file.slice();
    changed.set([0xff, 0xff, 0xff, 0x7f], offset);
    assert(!decodeShape(changed).ok, `count at ${offset}`);
  }
});

test('a tree has at most log2(n) + 1 nodes, and subtrees make the same one', () => {
  for (let count = 1; count <= 70; count++) {
    const alone = new FoldTree<string>((left, right) => `(${left}${right})`);
    for (let leaf = 0; leaf < count; leaf++) {
      alone.push('.');
      assert(alone.nodes.length <= Math.floor(Math.log2(count)) + 1);
    }
    const tree = new FoldTree<string>((left, right) => `(${left}${right})`);
    for (let first = 0; first < count; first += 8) {
      const part = new FoldTree<string>((left, right) => `(${left}${right})`);
      const leaves = Math.min(8, count - first);
      for (let leaf = 0; leaf < leaves; leaf++) part.push('.');
      tree.push(part.finish() ?? '', leaves);
    }
    assert.equal(tree.finish(), alone.finish());
  }
});
