import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Tally } from './tally.ts';

const SIZE = 8;

it('tells as many of each as were added, whenever it tells', () => {
  const step = fc.oneof(fc.nat(SIZE + 3), fc.constant('tell' as const));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const told = new Map<number, number>();
      const tally = new Tally(SIZE, {
        add: (number, count) => told.set(number, (told.get(number) ?? 0) + count),
      });
      const added = new Map<number, number>();
      for (const each of steps) {
        if (each === 'tell') tally.tell();
        else {
          tally.add(each);
          added.set(each, (added.get(each) ?? 0) + 1);
        }
      }
      tally.tell();
      assert.deepEqual(new Map([...told].sort()), new Map([...added].sort()));
    }),
  );
});
