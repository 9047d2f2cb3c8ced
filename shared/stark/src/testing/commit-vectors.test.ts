import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CommittedTree } from '../commit/committed-tree.ts';
import { bytesOf, hashWords, wordsOf } from '../commit/keyed-hash.ts';
import { KEYS } from '../commit/keys.ts';
import { capRoot, checkOpening } from '../commit/opening.ts';
import { TreeShape } from '../commit/tree-shape.ts';
import { grindNonce, isGround } from '../grinding.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { TAGS, Transcript } from '../transcript.ts';
import { type CommitVectors, cellOf, fromHex, hexOf, makeCommitVectors } from './commit-vectors.ts';
import { montgomery } from './plain-tree.ts';

const file = new URL('vectors/commit.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as CommitVectors;
const kernel = new Kernel(await readKernelModule());
const LOG_BLOWUP = 2;

test('the vectors are those that plain code makes', () => {
  assert.deepEqual(vectors, JSON.parse(JSON.stringify(makeCommitVectors())));
});

test('leaves', () => {
  for (const { row, leaf } of vectors.leaves) {
    const digest = new Uint32Array(8);
    hashWords(wordsOf(KEYS.LEAF), Uint32Array.from(row), digest);
    assert.equal(hexOf(bytesOf(digest)), leaf);
  }
});

test('the verifier accepts the openings of the trees', () => {
  for (const { heights, cap, root, openings } of vectors.trees) {
    assert.equal(hexOf(capRoot(fromHex(cap))), root);
    for (const { e, rows, siblings } of openings) {
      const opening = {
        rows: rows.map((row) => Uint32Array.from(row)),
        siblings: fromHex(siblings),
      };
      const verdict = checkOpening(new TreeShape(heights), fromHex(cap), e, opening);
      assert.deepEqual(verdict, { ok: true });
    }
  }
});

test('the kernel makes the trees', () => {
  for (const { heights, cap, openings } of vectors.trees) {
    const { mark } = kernel.arena;
    const tables = heights.map(({ logSize, columns }, height) => {
      const stride = 4 * 2 ** logSize;
      const address = kernel.arena.take(stride * columns);
      for (let j = 0; j < columns; j++) {
        const words = kernel.arena.words(address + j * stride, 2 ** logSize);
        for (let e = 0; e < 2 ** logSize; e++) {
          const place = (e % 4) * 2 ** (logSize - LOG_BLOWUP) + Math.floor(e / 4);
          words[place] = montgomery(cellOf(height, e, j));
        }
      }
      return { address, stride, columns, logHeight: logSize - LOG_BLOWUP };
    });
    const tree = CommittedTree.build(kernel, tables, LOG_BLOWUP);
    assert.equal(hexOf(tree.cap), cap);
    for (const { e, rows, siblings } of openings) {
      const opening = tree.opening(e);
      assert.deepEqual(
        opening.rows.map((row) => [...row]),
        rows,
      );
      assert.equal(hexOf(opening.siblings), siblings);
    }
    kernel.arena.release(mark);
  }
});

test('the transcript', () => {
  const transcript = new Transcript();
  const { start, steps } = vectors.transcript;
  assert.equal(hexOf(transcript.state), start);
  for (const { step, state } of steps) {
    if ('absorb' in step) {
      const tag = Object.values(TAGS).find((each) => each === step.absorb.tag);
      assert.ok(tag);
      transcript.absorb(tag, fromHex(step.absorb.bytes));
    } else if ('draw' in step) {
      assert.deepEqual([...transcript.draw()], step.draw);
    } else {
      const { count, logSize, indices } = step.drawIndices;
      assert.deepEqual(transcript.drawIndices(count, logSize), indices);
    }
    assert.equal(hexOf(transcript.state), state);
  }
});

test('the nonces', () => {
  for (const { state, bits, nonce } of vectors.transcript.nonces) {
    assert.equal(
      grindNonce(kernel, fromHex(state), bits, () => false),
      BigInt(nonce),
    );
    assert.ok(isGround(fromHex(state), bits, BigInt(nonce)));
  }
});
