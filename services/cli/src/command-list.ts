/** Every command there is, in the order of the usage text. */
import type { CliCommand } from './command.ts';
import type { CommandGroup } from './command-group.ts';

/** Loaded when named, so that `verify` starts without the broker's client and so on. */
export const COMMANDS: Readonly<Record<string, () => Promise<CliCommand | CommandGroup>>> = {
  demo: async () => (await import('./commands/demo.ts')).demo,
  up: async () => (await import('./commands/up.ts')).up,
  nodes: async () => (await import('./commands/nodes.ts')).nodes,
  partition: async () => (await import('./commands/partition.ts')).partition,
  broker: async () => (await import('./commands/broker.ts')).broker,
  top: async () => (await import('./commands/top.ts')).top,
  profile: async () => (await import('./commands/profile.ts')).profile,
  conform: async () => (await import('./commands/conform.ts')).conform,
  verify: async () => (await import('./commands/verify.ts')).verify,
  dispute: async () => (await import('./commands/dispute.ts')).dispute,
  journal: async () => (await import('./commands/journal.ts')).journal,
  keys: async () => (await import('./commands/keys.ts')).keys,
  market: async () => (await import('./commands/market.ts')).market,
  order: async () => (await import('./commands/order.ts')).order,
  cancel: async () => (await import('./commands/cancel.ts')).cancel,
  'cancel-after': async () => (await import('./commands/cancel-after.ts')).cancelAfter,
  amend: async () => (await import('./commands/amend.ts')).amend,
  replace: async () => (await import('./commands/replace.ts')).replace,
  quote: async () => (await import('./commands/quote.ts')).quote,
  outcome: async () => (await import('./commands/outcome.ts')).outcome,
  orders: async () => (await import('./commands/orders.ts')).orders,
  deposit: async () => (await import('./commands/funds.ts')).deposit,
  withdraw: async () => (await import('./commands/funds.ts')).withdraw,
  transfer: async () => (await import('./commands/transfer.ts')).transfer,
  supply: async () => (await import('./commands/supply.ts')).supply,
  balance: async () => (await import('./commands/balance.ts')).balance,
  book: async () => (await import('./commands/book.ts')).book,
  tail: async () => (await import('./commands/tail.ts')).tail,
  mirror: async () => (await import('./commands/mirror.ts')).mirror,
  bench: async () => (await import('./commands/bench.ts')).bench,
  check: async () => (await import('./commands/check.ts')).check,
  codes: async () => (await import('./commands/codes.ts')).codes,
};
