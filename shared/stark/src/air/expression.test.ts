import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph, orderOf } from './expression.ts';

test('equal expressions are one node', () => {
  const graph = new Graph();
  const [a, b] = [graph.column(0), graph.column(1)];
  assert.equal(a.times(b).plus(3), graph.column(0).times(graph.column(1)).plus(3));
  assert.notEqual(a.times(b), b.times(a));
  assert.notEqual(a, graph.column(0, true));
  assert.equal(graph.constant(-1), graph.constant(2_013_265_920));
});

test('what adds or multiplies nothing is left out', () => {
  const graph = new Graph();
  const a = graph.column(0);
  assert.equal(a.plus(0), a);
  assert.equal(graph.add(0, a), a);
  assert.equal(a.minus(0), a);
  assert.equal(a.times(1), a);
  assert.equal(graph.mul(1, a), a);
  assert.equal(a.times(0), graph.constant(0));
  assert.equal(graph.sub(0, a), a.negated());
  assert.equal(a.negated().negated(), a);
  assert.equal(graph.total([]), graph.constant(0));
});

test('degree, extension and fixedness follow from the parts', () => {
  const graph = new Graph();
  const [a, z] = [graph.column(0), graph.challenge('z')];
  const first = graph.selector('first');
  const pair = graph.pair(a, graph.column(1).times(a));
  assert.deepEqual([a.degree, first.times(a).times(a).degree, a.plus(first).degree], [1, 3, 1]);
  assert.deepEqual([pair.degree, z.times(z).degree, graph.sum(0).times(a).degree], [2, 0, 2]);
  const elements = [a, a.plus(z), pair, graph.sum(1), graph.public('count')];
  assert.deepEqual(
    elements.map(({ isExtension }) => isExtension),
    [false, true, true, true, false],
  );
  const fixed = [z.times(graph.public('count')), z.plus(a), graph.pair(0, 1), first];
  assert.deepEqual(
    fixed.map(({ isFixed }) => isFixed),
    [true, false, true, false],
  );
  assert.throws(() => graph.pair(z, a), /not base elements/);
  assert.throws(() => a.plus(new Graph().column(0)), /two graphs/);
});

test('parts stand before the whole, each once', () => {
  const graph = new Graph();
  const [a, b] = [graph.column(0), graph.column(1)];
  const product = a.times(b);
  assert.deepEqual(orderOf([product.plus(a), product]), [a, b, product, product.plus(a)]);
});
