import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamFacts } from './jetstream-api.ts';
import { LeaderWatch } from './leader-watch.ts';

/** Of a stream whose leader is each of these in turns; an error is silence. */
function watch(...leaders: (string | undefined | Error)[]): LeaderWatch {
  const findStream = async () => {
    const leader = leaders.shift();
    if (leader instanceof Error) throw leader;
    return { leader } as StreamFacts;
  };
  return new LeaderWatch({ findStream }, 'LOG');
}

async function answers(looking: LeaderWatch, count: number): Promise<boolean[]> {
  const found: boolean[] = [];
  for (let time = 0; time < count; time += 1) found.push(await looking.hasChanged());
  return found;
}

describe('a watch of leaders', () => {
  it('tells of another one, once', async () => {
    const looking = watch('a', 'a', 'b', 'b', 'a');
    assert.deepEqual(await answers(looking, 5), [false, false, true, false, true]);
  });

  it('waits for the end of an election', async () => {
    const looking = watch('a', new Error('silent'), undefined, 'b', 'b');
    assert.deepEqual(await answers(looking, 5), [false, false, false, true, false]);
    const same = watch('a', new Error('silent'), undefined, 'a');
    assert.deepEqual(await answers(same, 4), [false, false, false, false]);
  });

  it('says nothing of streams that have none, or whose first one it has not heard of', async () => {
    const looking = watch(undefined, undefined, new Error('silent'), undefined);
    assert.deepEqual(await answers(looking, 4), [false, false, false, false]);
    assert.equal(looking.wasAnswered, true);
    assert.deepEqual(await answers(watch(new Error('silent'), 'b', 'b'), 3), [false, false, false]);
  });

  it('asks one question at a time', async () => {
    const looking = watch('a', 'b', 'b');
    await looking.hasChanged();
    const both = await Promise.all([looking.hasChanged(), looking.hasChanged()]);
    assert.deepEqual(both, [true, false]);
  });
});
