import type { CommandGroup } from '../command-group.ts';

export const broker: CommandGroup = {
  name: 'broker',
  summary: "a broker's configuration for a number of partitions",
  commands: {
    mapping: async () => (await import('../nodes/mapping.ts')).mapping,
  },
};
