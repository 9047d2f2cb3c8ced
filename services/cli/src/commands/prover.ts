import type { CommandGroup } from '../command-group.ts';

export const prover: CommandGroup = {
  name: 'prover',
  summary: 'what a prover and its workers are at; proofs set aside, and another try',
  commands: {
    status: async () => (await import('../prover/status.ts')).status,
    aside: async () => (await import('../prover/aside.ts')).aside,
    retry: async () => (await import('../prover/retry.ts')).retry,
  },
};
