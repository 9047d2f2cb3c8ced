// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_PART_RECORDS } from '@foldbook/stark/verify';
import fc from 'fast-check';
import { CostBook } from './cost-book.ts';
import { type Cut, cutInto, cuts, plainCut } from './cuts.ts';
import { EpochRouter } from './epoch-router.ts';
import { partKind } from './part-kind.ts';
import { routerSchema } from './settings.ts';
import { tilingWords } from './tilings.ts';

const epochOf = (records: number, partRecords = 65_536) => {
  return { records, partRecords, accounts: 1_000, logBlowup: 2 };
};
const rows = ({ batches }: Cut): number[] =>
  batches.flatMap(({ kind, proofs }) => new Array<number>(proofs).fill(kind.records));

/** One that has measured parts: so much for each, and for each 1,000 rows of records, ms. */
function knowing(settings: object, eachMs = 50, perThousandMs = 7, heights = [12, 13, 14, 15, 16]) {
  const router = new EpochRouter({ ...routerSchema.parse(settings), maxWorkers: 2 });
  for (const height of heights) {
    const kind = partKind(2 ** height, 1_000, 2);
    const cpuMs = eachMs + (perThousandMs * 2 ** height) / 1_000;
    const took = { kind, stage: 'leaf', workers: 1, wallMs: cpuMs, cpuMs, verifyMs: 30 } as const;
    for (let round = 0; round < 5; round += 1) {
      router.measured({ ...took, rssBytes: 3e8, proofBytes: 4e5 });
    }
  }
  return router;
}

const request = (records: number, nowMs = 0) => ({
  ...{ market: 'A-USD', epoch: 1, closedMs: 0, nowMs, waiting: 0, aheadMs: 0 },
  ...epochOf(records),
});

test('what is padded is seen: 40,000 records take 65,536 rows or 40,960', () => {
  const all = cuts(epochOf(40_000)).map(rows);
  assert.deepEqual(all[0], [65_536]);
  assert(all.some((cut) => cut.join() === '32768,8192'));
  assert(all.some((cut) => cut.join() === '32768,4096,4096'));
  assert(cuts(epochOf(65_536)).some((cut) => rows(cut).join() === '32768,32768,4096'));
});

test('a cut is no more than it says, wherever its parts may end', () => {
  const most = fc.oneof(
    fc.constantFrom(65_536, MAX_PART_RECORDS),
    fc.integer({ min: 3, max: 1e5 }),
  );
  const left = fc.infiniteStream(fc.nat(2));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), most, left, (records, partRecords, short) => {
      const epoch = epochOf(Math.min(records, 300 * partRecords), partRecords);
      const all = cuts(epoch);
      assert(all.length <= 28, `${all.length} cuts`);
      assert.deepEqual(all[0], plainCut(epoch));
      for (const cut of all) {
        const expected = rows(cut);
        const parts: number[] = [];
        for (let rest = epoch.records; rest > 0; ) {
          const size = cut.sizes[parts.length] ?? partRecords;
          assert(size <= partRecords);
          const count = size >= rest ? rest : size - (short.next().value ?? 0);
          parts.push(count);
          rest -= count;
        }
        assert(parts.length <= expected.length, `${parts} are more than ${expected}`);
        for (const [index, count] of parts.entries()) {
          assert(count <= (expected[index] ?? 0), `${parts} do not fit into ${expected}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('parts that are there stay, and what is behind them is cut plainly', () => {
  assert.deepEqual(
    rows(cutInto(epochOf(100_000), [20_000, 10_000])),
    [32_768, 16_384, 65_536, 8_192],
  );
  assert.deepEqual(rows(cutInto(epochOf(30_000), [20_000, 10_000])), [32_768, 16_384]);
});

test('an epoch without records has no parts; without measurements it is cut plainly', () => {
  const router = new EpochRouter({ ...routerSchema.parse({}), maxWorkers: 2 });
  const [empty, small, large] = [0, 4_096, 40_000].map((records) => router.cut(request(records)));
  assert(empty !== undefined && small !== undefined && large !== undefined);
  assert.deepEqual([empty.reason, rows(empty)], ['only', []]);
  assert.deepEqual([small.reason, rows(small)], ['unmeasured', [4_096]]);
  assert.deepEqual([large.reason, rows(large), large.sizes], ['unmeasured', [65_536], []]);
});

test('rows are saved where a part more costs less; who pays for parts gets fewer', () => {
  const any = knowing({ verifier: 'any' }, 5, 100).cut(request(40_000));
  assert.equal(tilingWords(any.batches), '1 stark-4/32768+2048, 1 stark-4/8192+1024');
  assert.equal(any.reason, 'cost');
  assert.deepEqual(rows(knowing({ verifier: 'any' }, 500).cut(request(40_000))), [65_536]);
  for (const verifier of ['light', 'on-chain']) {
    assert.deepEqual(rows(knowing({ verifier }, 5, 100).cut(request(40_000))), [65_536]);
  }
});

test('parts larger than any that was measured are not guessed from small ones', () => {
  const router = knowing({ verifier: 'any' }, 145, 0, [12]);
  const large = router.cut(request(50_000));
  assert.deepEqual([large.reason, rows(large)], ['unmeasured', [65_536]]);
  const longer = router.cut(request(131_000));
  const { workers, alternatives } = longer;
  assert.deepEqual([rows(longer), workers, alternatives], [[65_536, 65_536], 2, []]);
  for (const cpuMs of [500, 500]) {
    const kind = partKind(50_000, 1_000, 2);
    router.measured({ kind, stage: 'leaf', workers: 1, cpuMs, wallMs: cpuMs, proofBytes: 4e5 });
  }
  const known = router.cut(request(50_000));
  assert.notEqual(known.reason, 'unmeasured');
  assert.deepEqual(rows(known), [65_536]);
});

test('two workers prove two parts where one would come late', () => {
  const choose = (deadlineMs: number) =>
    knowing({ verifier: 'light', deadlineMs }).cut(request(65_000));
  const [patient, hurried] = [choose(60_000), choose(400)];
  assert.deepEqual(rows(patient), [65_536]);
  assert.deepEqual(rows(hurried), [32_768, 32_768]);
  assert.deepEqual([hurried.workers, hurried.reason], [2, 'deadline']);
});

test('heights that were never measured are guessed from the nearest one, and may be chosen', () => {
  const book = new CostBook();
  const kind = partKind(65_536, 1_000, 2);
  const took = { stage: 'leaf', workers: 1, cpuMs: 500, wallMs: 500, verifyMs: 30 } as const;
  for (const proofBytes of [4e5, 4e5]) book.add({ kind, ...took, proofBytes });
  const [known, guess] = [book.cost(kind, 'leaf'), book.cost(partKind(20_000, 1_000, 2), 'leaf')];
  assert(known !== undefined && guess !== undefined);
  assert.deepEqual([known.samples, guess.samples, guess.cpuMs], [2, 0, 250]);
  assert(guess.cpuUpperMs / guess.cpuMs > known.cpuUpperMs / known.cpuMs, 'less sure');
  assert.equal(book.cost(partKind(20_000, 1_000, 3), 'leaf'), undefined, 'of another blowup');
  const router = knowing({ verifier: 'any' }, 50, 100, [16]);
  assert(router.cut(request(40_000)).sizes.length > 1);
});

test('one history gives one choice', () => {
  const history = fc.array(fc.record({ records: fc.integer({ min: 1, max: 90_000 }) }), {
    maxLength: 12,
  });
  const play = (epochs: readonly { readonly records: number }[]) => {
    const router = knowing({ verifier: 'any', deadlineMs: 1_000 }, 50, 7, [13, 16]);
    return epochs.map(({ records }, epoch) => {
      const nowMs = 700 * epoch;
      router.closed('A-USD', nowMs);
      const decision = router.cut({ ...request(records, nowMs), closedMs: nowMs });
      for (const { kind } of decision.batches) {
        const cpuMs = 40 + kind.records / 120;
        router.measured({ kind, stage: 'leaf', workers: 1, cpuMs, wallMs: cpuMs });
      }
      return decision;
    });
  };
  fc.assert(fc.property(history, (epochs) => assert.deepEqual(play(epochs), play(epochs))));
});
