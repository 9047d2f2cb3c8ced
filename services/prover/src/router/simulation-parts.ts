// SPDX-License-Identifier: GPL-3.0-or-later
/** A STARK chain's prover in virtual time: what its parts take, and who cuts its epochs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DEFAULT_PARAMETERS } from '@foldbook/stark/verify';
import { z } from 'zod';
import type { Policies } from './comparison.ts';
import { type Cuttable, cutInto } from './cuts.ts';
import { EpochRouter, type RouteRequest } from './epoch-router.ts';
import type { Load } from './load.ts';
import type { Policy } from './policy.ts';
import { isPartKind } from './proof-backend.ts';
import { DRIFT_MS, SLOWEST, stepSchema, type World } from './simulation-world.ts';

export const MEASURED_PARTS = new URL('./measured-parts.json', import.meta.url);

/**
 * Processor times of parts, each of a statement of its own, on two cores with much other work.
 * services/prover/bench/part-costs.ts writes them.
 */
const measuredSchema = z.strictObject({
  parts: z.array(z.strictObject({ records: z.int(), accounts: z.int(), leaf: stepSchema })),
});

/** As most of what was measured has. */
const ACCOUNTS = 1_000;
const PART_RECORDS = 65_536;

const cuttable = ({ rows }: RouteRequest): Cuttable => {
  const { logBlowup } = DEFAULT_PARAMETERS;
  return { records: rows.batch, accounts: ACCOUNTS, partRecords: PART_RECORDS, logBlowup };
};

/**
 * @param contention - how much more processor time so many at once take, as circuits do
 * @throws when the measured costs are not what they should be
 */
export function partsWorld(cores: number, contention: readonly number[]): World {
  const { parts } = measuredSchema.parse(JSON.parse(readFileSync(MEASURED_PARTS, 'utf8')));
  return {
    ...{ kinds: [], cores, contention, slowest: SLOWEST, driftMs: DRIFT_MS },
    costs: (kind) => {
      const measured = parts.find(
        ({ records, accounts }) =>
          isPartKind(kind) && records === kind.records && accounts === kind.accounts,
      );
      assert(measured !== undefined, 'heights that were measured');
      return measured;
    },
  };
}

/** The same times and markets with so many times the records, closing so much more often. */
export function scaledLoad(load: Load, records: number, often: number): Load {
  const epochs = load.epochs.map((epoch) => {
    return { ...epoch, records: epoch.records * records, closedMs: epoch.closedMs / often };
  });
  return { name: load.name, epochs };
}

/** The router's cuts against cuts that are the same for all epochs. */
export const cutPolicies: Policies = {
  router: (options) => {
    const router = new EpochRouter(options);
    return {
      name: 'router',
      closed: (market, closedMs) => router.closed(market, closedMs),
      choose: (request) => router.cut({ ...request, ...cuttable(request) }),
      measured: (measurement) => router.measured(measurement),
      expectedMs: (kind) => router.book.cost(kind, 'leaf')?.cpuUpperMs ?? 0,
    };
  },
  fixed: (cores) => {
    const rules: readonly (readonly [string, (records: number) => number])[] = [
      ...[65_536, 32_768, 16_384, 8_192, 4_096].map((size) => [`${size}`, () => size] as const),
      ['a part for each worker', (records) => Math.ceil(records / cores)],
    ];
    const counts = Array.from({ length: cores }, (_, index) => index + 1);
    return rules.flatMap(([name, sizeOf]) =>
      counts.map((workers) => fixedCut(`${name}, ${workers} at a time`, sizeOf, workers)),
    );
  },
};

function fixedCut(name: string, sizeOf: (records: number) => number, workers: number): Policy {
  const expected = new Map<number, number>();
  return {
    name,
    closed: () => {},
    choose: (request) => {
      const epoch = cuttable(request);
      const size = Math.min(PART_RECORDS, sizeOf(epoch.records));
      const full = Math.floor(epoch.records / size);
      return { ...cutInto(epoch, new Array<number>(full).fill(size)), workers };
    },
    measured: ({ kind, cpuMs }) => {
      if (isPartKind(kind)) expected.set(kind.records, cpuMs);
    },
    expectedMs: (kind) => (isPartKind(kind) ? (expected.get(kind.records) ?? 0) : 0),
  };
}
