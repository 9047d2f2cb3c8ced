import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fitFactors } from './least-squares.ts';

const sample = (amounts: number[], factors: number[]) => ({
  amounts,
  total: amounts.reduce((sum, amount, index) => sum + amount * (factors[index] ?? 0), 0),
});

describe('least squares', () => {
  const amounts = [
    [1_000, 90, 256],
    [10_000, 439, 2_062],
    [10_138, 570, 957],
    [255_642, 106, 2_037],
  ];

  test('factors of orders of magnitude are found again', () => {
    const factors = [1.5e-6, 4.4e-4, 1.1e-4];
    const found = fitFactors(
      amounts.map((each) => sample(each, factors)),
      3,
    );
    assert(found !== undefined);
    for (const [index, factor] of factors.entries()) {
      assert(Math.abs((found[index] ?? 0) / factor - 1) < 1e-6, `${index}: ${found[index]}`);
    }
  });

  test('what would be below zero is nothing, and the others are fitted without it', () => {
    const found = fitFactors(
      amounts.map((each) => sample(each, [2e-6, 4e-4, -2e-6])),
      3,
    );
    assert(found !== undefined);
    assert.equal(found[2], 0);
    assert(found.every((factor) => factor >= 0));
    assert(Math.abs((found[0] ?? 0) / 2e-6 - 1) < 0.1);
  });

  test('a small sample counts as much as a large one', () => {
    const found = fitFactors(
      [
        { amounts: [1], total: 2 },
        { amounts: [1_000], total: 1_000 },
      ],
      1,
    );
    // The relative errors of a factor f are f / 2 - 1 and f - 1.
    assert(found !== undefined && Math.abs((found[0] ?? 0) - 1.2) < 1e-9);
  });

  test('nothing from fewer samples than unknowns, or none', () => {
    assert.equal(fitFactors([], 1), undefined);
    assert.equal(fitFactors([{ amounts: [1, 2], total: 1 }], 2), undefined);
  });
});
