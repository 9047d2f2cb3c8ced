import type { CommandGroup } from '../command-group.ts';

export const journal: CommandGroup = {
  name: 'journal',
  summary: 'segment files of a log or journal: whether they are whole, and repair from them',
  commands: {
    repair: async () => (await import('../journal/repair.ts')).repair,
    verify: async () => (await import('../journal/verify.ts')).verify,
  },
};
