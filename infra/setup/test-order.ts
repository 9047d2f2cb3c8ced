/**
 * Files that take more than 15 s, the longest first, relative to the project. What starts last is
 * to be short: otherwise one file is alone in the end, and the other core has nothing to do.
 */
const LONG: readonly string[] = [
  'services/cli/src/bench/threads.test.ts',
  'services/cli/src/check/proof-chain.test.ts',
  'services/cli/src/everyday.test.ts',
  'services/cli/src/owed-and-replay.test.ts',
  'services/cli/src/nodes.test.ts',
  'services/cli/src/outage.test.ts',
  'services/cli/src/demo.test.ts',
  'shared/engine/src/kernel/kernel-engine.test.ts',
  'services/cli/src/local-cluster.test.ts',
  'services/cli/src/up.test.ts',
  'services/cli/src/network-cut.test.ts',
  'services/cli/src/bench/bench.test.ts',
  'services/cli/src/broker-outage.test.ts',
  'services/simulation/src/simulation.test.ts',
  'services/market/src/checkpoints.test.ts',
  'services/market/src/market-service.test.ts',
  'services/cli/src/dispute.test.ts',
  'services/market/src/shared-memory.test.ts',
  'services/market/src/market-standby.test.ts',
  'services/prover/src/main.test.ts',
  'services/prover/src/folded-epochs.test.ts',
  'services/prover/src/workers.test.ts',
  'services/cli/src/bench/scale.test.ts',
  'services/cli/src/rotate.test.ts',
  'services/cli/src/check/kill9.test.ts',
  'services/cli/src/bench/regress.test.ts',
  'services/cli/src/broker-permissions.test.ts',
  'services/cli/src/journal/repair.test.ts',
  'shared/engine/src/twin.property.test.ts',
  'circuits/test/account-refusals.test.ts',
  'services/market/src/transfers.test.ts',
  'services/cli/src/check/fence.test.ts',
  'services/cli/src/full-disk.test.ts',
  'services/market/src/journal-log.test.ts',
  'services/cli/src/repeating-line.test.ts',
  'shared/engine/src/naive/naive-engine.test.ts',
  'services/prover/src/market-prover.test.ts',
  'shared/verifier/src/dishonest-operator.test.ts',
];

/** The long ones first, the others as they came. */
export function longestFirst(files: readonly string[]): string[] {
  const place = (file: string) => {
    const index = LONG.indexOf(file);
    return index < 0 ? LONG.length : index;
  };
  return files.toSorted((a, b) => place(a) - place(b));
}

/** Of the long ones, those that are not among these: renamed, or gone. */
export function unknownLong(files: readonly string[]): string[] {
  return LONG.filter((file) => !files.includes(file));
}
