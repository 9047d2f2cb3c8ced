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
} from '../router/comparison.ts';
import { recordedLoads } from '../router/load.ts';
import { verifiers } from '../router/settings.ts';
import { measuredWorld } from '../router/simulation-world.ts';

const CORES = 2;
const SHOWN_FIXED = 5;

const optionsSchema = z.strictObject({
  loads: z.array(z.string()).nonempty(),
  verifiers: z.array(z.enum(verifiers)).nonempty(),
  seed: z.int().nonnegative(),
});

function run({ loads: names, verifiers: wanted, seed }: z.infer<typeof optionsSchema>): void {
  const recorded = recordedLoads();
  const named = (name: string) => {
    const load = recorded.find((one) => one.name === name);
    assert(load !== undefined, `no load ${name}`);
    return load;
  };
  const world = measuredWorld(CORES);
  for (const verifier of wanted) {
    const settings = judgedSettings(verifier);
    const comparison = compare(names.map(named), [named(LEARNING)], world, settings, seed);
    const { deadlineMs } = settings;
    const { router, fixed } = comparison;
    const row = { verifier, deadlineMs, seed, ok: isBest(comparison), router, fixed };
    process.stdout.write(`${JSON.stringify({ row, words: words(comparison) })}\n`);
  }
}

function words({ settings, router, fixed }: Comparison): string {
  const line = (policy: string, cells: readonly (string | number)[]) =>
    `  ${policy.padEnd(48)}${cells.map((cell) => `${cell}`.padStart(10)).join('')}`;
  const loads = router.outcomes.map(({ load }) => load);
  const row = ({ policy, score, outcomes }: Comparison['router']) =>
    line(policy, [score.toFixed(2), ...outcomes.map((outcome) => outcome.score.toFixed(2))]);
  const detail = (
    name: string,
    of: (outcome: Comparison['router']['outcomes'][number]) => string,
  ) => line(`  ${name}`, ['', ...router.outcomes.map(of)]);
  return [
    `verifier ${settings.verifier}, deadline ${settings.deadlineMs / 1_000} s: CPU s an epoch`,
    line('', ['all', ...loads]),
    row(router),
    detail('missed', ({ missed, epochs }) => `${missed}/${epochs}`),
    detail('latency p50, ms', ({ latencyMs }) => `${latencyMs.p50}`),
    detail('latency p95, ms', ({ latencyMs }) => `${latencyMs.p95}`),
    detail('CPU s', ({ cpuS }) => cpuS.toFixed(0)),
    detail('MB of proofs', ({ proofBytes }) => (proofBytes / 1e6).toFixed(2)),
    detail('verification, s', ({ verifyMs }) => (verifyMs / 1_000).toFixed(1)),
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
