import type { CommandGroup } from '../command-group.ts';

export const bench: CommandGroup = {
  name: 'bench',
  summary: 'measure the engine: its workloads, or one commit against another',
  commands: {
    match: async () => (await import('../bench/match.ts')).match,
    regress: async () => (await import('../bench/regress.ts')).regress,
  },
};
