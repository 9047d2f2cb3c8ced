import type { CommandGroup } from '../command-group.ts';

export const keys: CommandGroup = {
  name: 'keys',
  summary:
    'make proving keys: for development, or by a ceremony; certify a node, change the operator key',
  commands: {
    dev: async () => (await import('../keys/dev.ts')).dev,
    ceremony: async () => (await import('../keys/ceremony.ts')).ceremony,
    import: async () => (await import('../keys/import.ts')).importKey,
    certify: async () => (await import('../certify-command.ts')).certify,
    rotate: async () => (await import('../rotate-command.ts')).rotate,
  },
};
