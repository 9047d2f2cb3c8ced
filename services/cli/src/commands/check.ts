import type { CommandGroup } from '../command-group.ts';

export const check: CommandGroup = {
  name: 'check',
  summary: 'long-running checks of reliability: seeds, counts and figures',
  commands: {
    oracle: async () => (await import('../check/oracle.ts')).oracle,
    idempotent: async () => (await import('../check/idempotent.ts')).idempotent,
    invariants: async () => (await import('../check/invariants.ts')).invariants,
    gc: async () => (await import('../check/gc.ts')).gc,
    fuzz: async () => (await import('../check/fuzz.ts')).fuzzCheck,
    fence: async () => (await import('../check/fence.ts')).fence,
    kill9: async () => (await import('../check/kill9.ts')).kill9,
    overload: async () => (await import('../check/overload.ts')).overload,
    replay: async () => (await import('../check/replay.ts')).replay,
    'proof-neg': async () => (await import('../check/proof-neg.ts')).proofNeg,
    'proof-chain': async () => (await import('../check/proof-chain.ts')).proofChain,
    torn: async () => (await import('../check/torn.ts')).torn,
    sim: async () => (await import('../check/sim.ts')).sim,
  },
};
