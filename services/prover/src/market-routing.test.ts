// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '@foldbook/runtime';
import { RecordList } from '@foldbook/verifier';
import type { Groth16Circuit } from './chain-context.ts';
import { MarketRouting } from './market-routing.ts';
import { EpochRouter } from './router/epoch-router.ts';
import { type PartKind, partKind } from './router/part-kind.ts';
import { routerSchema } from './router/settings.ts';
import { trapdoorCircuits } from './testing/trapdoor-circuits.ts';
import { filledTiles } from './tiling.ts';

const [batch15, accounts4] = trapdoorCircuits;
assert(batch15 !== undefined && accounts4 !== undefined);
const batch240: Groth16Circuit = { ...batch15, name: 'batch-240', size: 240 };
const rows = { batch: 200, accounts: 3 };
const closed = { epoch: 7, timeNs: 1_000_000_000n };

function newRouting() {
  const lines: string[] = [];
  const router = new EpochRouter({ ...routerSchema.parse({}), maxWorkers: 2 });
  const logger = createLogger({
    service: 'test',
    level: 'info',
    write: (line) => lines.push(line),
  });
  const options = { router, logger, nowMs: () => 101_500, workersElsewhere: false };
  return { routing: new MarketRouting(options), lines };
}

test('with one size of each role the tiles are those without a router', () => {
  const { routing, lines } = newRouting();
  const route = routing.route('A-USD', closed, 0, rows, trapdoorCircuits);
  assert.deepEqual(route.tiles, filledTiles(rows, trapdoorCircuits));
  assert.equal(route.workers, undefined);
  assert.equal(route.record.reason, 'only');
  assert.match(lines.join('\n'), /proofs chosen.*groth16\/batch-15/);
});

test('what proofs took is what the next epoch is tiled by, and the log says so', () => {
  const { routing, lines } = newRouting();
  const circuits = [batch15, batch240, accounts4];
  const first = routing.route('A-USD', closed, 0, rows, circuits);
  assert.equal(first.record.reason, 'unmeasured');
  assert.equal(first.tiles.batch.length, 14);
  const made = { proof: new Uint8Array(256), publicSignals: [], rssBytes: 2 ** 28 };
  const result = { ...made, proofBytes: 128, verifyMs: 3, underWay: 1 };
  for (const [circuit, cpuMs] of [
    [batch15, 900],
    [batch240, 4_000],
    [accounts4, 3_000],
  ] as const) {
    for (let proof = 0; proof < 3; proof += 1) {
      first.made(circuit, { ...result, proveMs: cpuMs, cpuMs });
    }
  }
  first.end();
  const second = routing.route('A-USD', { epoch: 8, timeNs: 101_000_000_000n }, 0, rows, circuits);
  assert.deepEqual(
    second.tiles.batch.map(({ circuit, first, count }) => [circuit.name, first, count]),
    [['batch-240', 0, 200]],
  );
  const standing = routing.standing('A-USD', 2);
  assert.equal(standing?.deadlineMs, 161_000);
  assert((standing?.restMs ?? 0) >= 7_000, 'by upper estimates');
  second.made(batch240, { ...result, proveMs: 4_000, cpuMs: 4_000 });
  const { restMs = 0 } = routing.standing('A-USD', 2) ?? {};
  assert(restMs >= 3_000 && restMs < 4_000, 'what is made is no more to come');
  second.end();
  assert.equal(routing.standing('A-USD', 2), undefined);
  const last = second.record;
  assert.equal(last.reason, 'cost');
  assert.equal(last.expected?.cpuS, 7);
  assert((last.instead?.cost ?? 0) > (last.expected?.cost ?? 0));
  assert.match(lines.at(-1) ?? '', /"reason":"cost"|reason.*cost/);
});

const cuttable = { accounts: 1_000, partRecords: 65_536, logBlowup: 2 };
const move = { kind: 4, a: 0, b: 2, price: 0n, dBase: 1n, dQuote: 0n };
const cutEpoch = (epoch: number, count: number) => {
  const records = RecordList.from(new Array<typeof move>(count).fill(move));
  return { epoch, timeNs: 101_000_000_000n, records };
};
const partsOf = (...counts: number[]) => counts.map((count) => partKind(count, 1_000, 2));
const accepted = (cpuMs: number | undefined, { records }: PartKind) => {
  const sizes = { proofBytes: 300_000 + records, rssBytes: 4_000 * records };
  return { proveMs: 500, ...sizes, verifyMs: 25, underWay: 1, ...(cpuMs && { cpuMs }) };
};

test('what parts took is what the next epoch of the STARK chain is cut by', () => {
  const { routing, lines } = newRouting();
  const first = routing.cut('A-USD', cutEpoch(7, 40_000), 0, cuttable);
  assert.deepEqual(
    [first.record.reason, first.sizes, first.workers],
    ['unmeasured', [], undefined],
  );
  const [whole] = partsOf(40_000);
  assert(whole !== undefined);
  first.cut([whole]);
  assert.equal(routing.standing('A-USD/stark', 1)?.restMs, 0, 'nothing is measured');
  for (const cpuMs of [9_900, 10_100]) first.made(whole, accepted(cpuMs, whole));
  // Of a worker that tells none, or was not believed.
  first.made(whole, accepted(undefined, whole));
  first.end();
  const second = routing.cut('A-USD', cutEpoch(8, 40_000), 3, cuttable);
  assert.equal(second.record.market, 'A-USD');
  assert(second.sizes.length > 1, 'smaller heights are guessed to be as much faster');
  assert.match(lines.at(-1) ?? '', /proofs chosen.*\d stark-4\/\d+\+\d+.*chain.*stark.*waiting/);
});

test('the STARK chain of a market is as urgent as what is left of its parts', () => {
  const { routing } = newRouting();
  const route = routing.cut('A-USD', cutEpoch(7, 40_000), 0, cuttable);
  const parts = partsOf(32_768, 7_232, 4_000);
  const [large, small, least] = parts;
  assert(large !== undefined && small !== undefined && least !== undefined);
  route.cut(parts);
  route.made(large, accepted(300, large));
  const restMs = () => routing.standing('A-USD/stark', 1)?.restMs ?? 0;
  const before = restMs();
  assert(before > 75, 'guessed from the larger one');
  assert.equal(routing.standing('A-USD/stark', 1)?.deadlineMs, 161_000);
  assert.equal(routing.standing('A-USD', 1), undefined, 'its other chain has epochs of its own');
  route.found(small);
  assert(restMs() < before && restMs() > 0);
  route.made(least, accepted(60, least));
  assert.equal(restMs(), 0);
  route.end();
  assert.equal(routing.standing('A-USD/stark', 1), undefined);
});

test('parts that an earlier run has proved are what an epoch is cut into', () => {
  const { routing, lines } = newRouting();
  const route = routing.cut('A-USD', cutEpoch(7, 40_000), 0, cuttable, [10_000, 5_000]);
  assert.deepEqual([route.sizes, route.record.reason], [[10_000, 5_000], 'kept']);
  assert.match(lines.at(-1) ?? '', /1 stark-4\/16384\+1024, 1 .*8192\+1024, 1 .*32768\+2048/);
});
