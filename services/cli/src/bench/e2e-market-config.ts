/** What `bench e2e` configures its market with, beside the defaults of every market. */
import { MAX_COMMANDS_PER_GROUP } from '@foldbook/protocol';
import { grouped } from '../output.ts';
import type { E2eSettings } from './e2e-run.ts';

export const GROUPS_IN_FLIGHT = 8;
/** Half a megabyte: as much as a synced write is worth. */
const MAX_GROUP_COMMANDS = MAX_COMMANDS_PER_GROUP - 1;
/** Settlement records that a prover would be given together: epochs are not what is measured. */
export const EPOCH_RECORDS = 65_536;
/** A machine that is too slow shows in its rate, not in refusals. */
export const LONGEST_LAG_MS = 60_000;
/** What a market's configuration allows at the most. */
const MOST_PENDING = 1_000_000;
const LEAST_PENDING = 65_536;

export function e2eMarketConfig(settings: E2eSettings, servers: readonly string[]) {
  const { replicas, profileDir } = settings;
  return {
    broker: { kind: 'nats', servers: servers.join(','), replicas },
    hosts: 1,
    maxGroupCommands: MAX_GROUP_COMMANDS,
    maxGroupsInFlight: GROUPS_IN_FLIGHT,
    maxLagMs: LONGEST_LAG_MS,
    ...pendingOf(settings),
    epochRecords: EPOCH_RECORDS,
    ...(profileDir === undefined ? {} : { profileDir }),
  };
}

/** Room for all that the clients' windows may hold. */
export function pendingOf({
  clients,
  window,
  batch,
}: Pick<E2eSettings, 'clients' | 'window' | 'batch'>) {
  const within = (windows: number) =>
    Math.min(MOST_PENDING, Math.max(LEAST_PENDING, 2 * windows * window * batch));
  return { maxPendingCommands: within(clients), maxPendingPerAccount: within(1) };
}

const [least, most] = [grouped(LEAST_PENDING), grouped(MOST_PENDING)];

/** For the help: each setting, with a market's default in brackets. */
export const E2E_MARKET_WORDS = [
  'hosts 1                (inline where the process has one core, else 1)',
  `maxGroupCommands       ${grouped(MAX_GROUP_COMMANDS)} (4,096): commands of a write to the log`,
  `maxGroupsInFlight      ${GROUPS_IN_FLIGHT} (8): such writes on their way`,
  `maxLagMs               ${grouped(LONGEST_LAG_MS)} (1,000): what is slow shows in the rate alone`,
  `maxPendingCommands     twice what all windows hold, ${least} to ${most} (65,536)`,
  'maxPendingPerAccount   twice what a window holds, from and to the same (16,384)',
  `epochRecords           ${grouped(EPOCH_RECORDS)} (240); after 5 s they close, too, as ever`,
]
  .map((line) => `  ${line}`)
  .join('\n');
