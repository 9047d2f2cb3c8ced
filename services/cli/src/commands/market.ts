import type { CommandGroup } from '../command-group.ts';

const states = () => import('../market/state.ts');
const fees = () => import('../market/fees.ts');
const show = async () => (await import('../market/show.ts')).show;

export const market: CommandGroup = {
  name: 'market',
  summary: 'create a market, show it, move it, set its rates, limits and state (operators)',
  commands: {
    create: async () => (await import('../market/create.ts')).create,
    show,
    info: show,
    'set-fees': async () => (await fees()).setFees,
    'set-tier': async () => (await fees()).setTier,
    'collect-fees': async () => (await fees()).collectFees,
    configure: async () => (await import('../market/configure.ts')).configure,
    halt: async () => (await states()).halt,
    'cancel-only': async () => (await states()).cancelOnly,
    resume: async () => (await states()).resume,
    move: async () => (await import('../market/move.ts')).move,
    purge: async () => (await import('../market/purge.ts')).purge,
    'close-epoch': async () => (await import('../market/close-epoch.ts')).closeEpoch,
  },
};
