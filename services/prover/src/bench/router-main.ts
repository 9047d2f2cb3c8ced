// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * `foldbook bench router`: a process of its own, because of its license. Takes its options as one
 * JSON argument; prints a JSON line for each verifier: {"row", "words"}.
 */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { messageOf } from '../prover-error.ts';
import {
  type Comparison,
  compare,
  isBest,
  judgedSettings,
  LEARNING,
  meanScore,
  type Standings,
} from '../router/comparison.ts';
import { recordedLoads } from '../router/load.ts';
import { verifiers } from '../router/settings.ts';
import type { Outcome } from '../router/simulation-outcome.ts';
import { measuredWorld } from '../router/simulation-world.ts';

const CORES = 2;
const SHOWN_FIXED = 5;

const optionsSchema = z.strictObject({
  loads: z.array(z.string()).nonempty(),
  verifiers: z.array(z.enum(verifiers)).nonempty(),
  seeds: z.array(z.int().nonnegative()).nonempty(),
});

function run({ loads: names, verifiers: wanted, seeds }: z.infer<typeof optionsSchema>): void {
  const recorded = recordedLoads();
  const named = (name: string) => {
    const load = recorded.find((one) => one.name === name);
    assert(load !== undefined, `no load ${name}`);
    return load;
  };
  const world = measuredWorld(CORES);
  for (const verifier of wanted) {
    const settings = judgedSettings(verifier);
    const comparison = compare(names.map(named), [named(LEARNING)], world, settings, seeds);
    const { deadlineMs } = settings;
    const { router, fixed } = comparison;
    const row = { verifier, deadlineMs, seeds, ok: isBest(comparison), router, fixed };
    process.stdout.write(`${JSON.stringify({ row, words: words(comparison) })}\n`);
  }
}

/** Of the runs of one load. */
const summed = (runs: readonly Outcome[], figure: (run: Outcome) => number): number =>
  runs.reduce((sum, run) => sum + figure(run), 0);
const average = (runs: readonly Outcome[], figure: (run: Outcome) => number): number =>
  summed(runs, figure) / runs.length;

function words({ settings, router, fixed }: Comparison): string {
  const line = (policy: string, cells: readonly (string | number)[]) =>
    `  ${policy.padEnd(48)}${cells.map((cell) => `${cell}`.padStart(10)).join('')}`;
  const loads = [...new Set(router.outcomes.map(({ load }) => load))];
  const cells = (outcomes: readonly Outcome[], of: (runs: readonly Outcome[]) => string) =>
    loads.map((load) => of(outcomes.filter((run) => run.load === load)));
  const row = ({ policy, score, outcomes }: Standings) =>
    line(policy, [score.toFixed(2), ...cells(outcomes, (runs) => meanScore(runs).toFixed(2))]);
  const detail = (name: string, of: (runs: readonly Outcome[]) => string) =>
    line(`  ${name}`, ['', ...cells(router.outcomes, of)]);
  return [
    `verifier ${settings.verifier}, deadline ${settings.deadlineMs / 1_000} s: CPU s an epoch`,
    line('', ['all', ...loads]),
    row(router),
    detail('missed', (runs) => `${summed(runs, (r) => r.missed)}/${summed(runs, (r) => r.epochs)}`),
    detail('latency p50, ms', (runs) => average(runs, (run) => run.latencyMs.p50).toFixed(0)),
    detail('latency p95, ms', (runs) => average(runs, (run) => run.latencyMs.p95).toFixed(0)),
    detail('CPU s', (runs) => average(runs, (run) => run.cpuS).toFixed(0)),
    detail('MB of proofs', (runs) => average(runs, (run) => run.proofBytes / 1e6).toFixed(2)),
    detail('verification, s', (runs) => average(runs, (run) => run.verifyMs / 1_000).toFixed(1)),
    ...fixed.slice(0, SHOWN_FIXED).map(row),
    `  ... and ${Math.max(0, fixed.length - SHOWN_FIXED)} fixed choices more`,
  ].join('\n');
}

try {
  run(optionsSchema.parse(JSON.parse(process.argv[2] ?? '{}')));
} catch (error) {
  process.stderr.write(`foldbook: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
