import type { CommandGroup } from '../command-group.ts';

export const partition: CommandGroup = {
  name: 'partition',
  summary: 'move a partition to another node (operators)',
  commands: {
    move: async () => (await import('../nodes/move-partition.ts')).movePartition,
  },
};
