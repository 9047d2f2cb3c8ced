import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Band } from './bin-column.ts';
import { MOST_BINS, PictureBins } from './picture-bins.ts';
import { DAY_NS, nextWidthNs } from './time-steps.ts';

interface Row {
  readonly timeNs: number;
  readonly value: number;
  readonly price: number;
  readonly quantity: number;
}

const STEPS_NS = [0, 1, 7, 1_000, 999_999, 1e6, 25e6, 1e9, 61e9, 3.6e12, 40 * DAY_NS];
const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -9, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY) },
);
const rows = fc
  .tuple(
    fc.integer({ min: 0, max: DAY_NS - 1 }),
    fc.array(
      fc.record({
        stepNs: fc.constantFrom(...STEPS_NS),
        value,
        price: value,
        quantity: fc.integer({ min: 0, max: 50 }),
      }),
      { minLength: 1, maxLength: 120 },
    ),
  )
  .map(([startNs, steps]): Row[] => {
    let timeNs = startNs;
    return steps.map(({ stepNs, ...row }) => {
      timeNs += stepNs;
      return { timeNs, ...row };
    });
  });

function binsOf(all: readonly Row[]): PictureBins {
  const bins = new PictureBins(1);
  for (const row of all) {
    const bin = bins.binAt(row.timeNs);
    bins.features[0]?.add(bin, row.value);
    bins.bought.add(bin, row.price, row.quantity);
  }
  return bins;
}

const finite = (values: readonly number[]): number[] => values.filter(Number.isFinite);
const least = (values: readonly number[]): number =>
  finite(values).sort((a, b) => a - b)[0] ?? Number.NaN;
const most = (values: readonly number[]): number => -least(values.map((one) => -one));
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function assertBins(bins: PictureBins, all: readonly Row[]): void {
  assert(bins.count <= MOST_BINS);
  for (let bin = 0; bin < bins.count; bin += 1) {
    const fromNs = bins.startNs + bin * bins.widthNs;
    const inside = all.filter(({ timeNs }) => timeNs >= fromNs && timeNs < fromNs + bins.widthNs);
    const values = inside.map((row) => row.value);
    const priced = inside.filter(({ price }) => Number.isFinite(price));
    const { rows, low, high, last } = bins.features[0] ?? assert.fail('no column');
    const { count, quantity, value: paid, low: cheapest, high: dearest } = bins.bought;
    const end = values.at(-1) ?? Number.NaN;
    const prices = priced.map(({ price }) => price);
    assert.deepEqual(
      [rows[bin], low[bin], high[bin], last[bin], count[bin], quantity[bin], paid[bin]],
      [
        ...[inside.length, least(values), most(values), Number.isFinite(end) ? end : Number.NaN],
        ...[inside.length, sum(inside.map((row) => row.quantity))],
        sum(priced.map((row) => row.price * row.quantity)),
      ],
    );
    assert.deepEqual([cheapest[bin], dearest[bin]], [least(prices), most(prices)]);
  }
  // Each row is in one of them, and none is beyond the last.
  assert.equal(sum([...(bins.features[0]?.rows ?? [])]), all.length);
}

test('a bin has what all rows of its time have, however often bins were merged', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 0, max: 3 }), (all, widenings) => {
      const bins = binsOf(all);
      assertBins(bins, all);
      const copy = bins.copy();
      for (let times = 0; times < widenings; times += 1) copy.widen();
      assertBins(copy, all);
      assertBins(bins, all);
    }),
    { numRuns: 150 },
  );
});

test('more bins than there may be make wider ones, and few is never what is left', () => {
  const bins = new PictureBins(0);
  for (let second = 0; second < 100_000; second += 1) bins.binAt(second * 1e9 + 34_200e9);
  assert.equal(bins.widthNs, 300e9);
  assert.equal(bins.count, 334);
});

test('each width divides the next', () => {
  for (let width = 1; width < 16 * DAY_NS; width = nextWidthNs(width)) {
    const factor = nextWidthNs(width) / width;
    assert(Number.isInteger(factor) && factor > 1 && factor <= 5, `${width}`);
  }
});

test('rows together are what they are one by one', () => {
  const values = fc.array(value, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (runs) => {
      const [together, single] = [new Band(1), new Band(1)];
      for (const run of runs) {
        together.addRows(0, Float64Array.of(7, ...run, 8), 1, run.length + 1);
        for (const one of run) single.add(0, one);
      }
      const all = ({ rows, low, high, last }: Band) => [rows, low, high, last];
      assert.deepEqual(all(together), all(single));
    }),
  );
});
