import type { CommandGroup } from '../command-group.ts';

export const bench: CommandGroup = {
  name: 'bench',
  summary: 'measure the engine and the whole path, or one commit against another',
  commands: {
    match: async () => (await import('../bench/match.ts')).match,
    orders: async () => (await import('../bench/orders.ts')).orders,
    replay: async () => (await import('../bench/replay.ts')).replay,
    latency: async () => (await import('../bench/latency.ts')).latency,
    hosts: async () => (await import('../bench/hosts.ts')).hosts,
    growth: async () => (await import('../bench/growth.ts')).growth,
    memory: async () => (await import('../bench/memory.ts')).memory,
    pack: async () => (await import('../bench/pack.ts')).pack,
    prove: async () => (await import('../bench/prove.ts')).prove,
    router: async () => (await import('../bench/router.ts')).router,
    sizes: async () => (await import('../bench/sizes.ts')).sizes,
    e2e: async () => (await import('../bench/e2e.ts')).e2e,
    shm: async () => (await import('../bench/shm.ts')).shm,
    scale: async () => (await import('../bench/scale.ts')).scale,
    regress: async () => (await import('../bench/regress.ts')).regress,
  },
};
