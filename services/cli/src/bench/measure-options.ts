/** Options that every benchmark of the engine has. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { MAX_COMMANDS_PER_GROUP } from '@foldbook/protocol';
import { availableCores } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { MAX_ACCOUNTS } from './workload-commands.ts';

const DEFAULT_ACCOUNTS = 10_000;
const DEFAULT_GROUP = 1_024;

export const MEASURE_OPTIONS = {
  workload: { type: 'string' },
  accounts: { type: 'string' },
  group: { type: 'string' },
  core: { type: 'string' },
  v8: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

export const MEASURE_HELP = `\
  --workload NAME   w1 (default: about 10,000 resting orders) or w1-lit (up to 300,000)
  --accounts N      accounts that the orders are spread over (default ${DEFAULT_ACCOUNTS})
  --group N         commands a call of the engine (default ${DEFAULT_GROUP})
  --core N          core that the measuring thread keeps to (default: the last one)
  --v8 FLAGS        V8 flags of the measuring process, e.g. "--no-liftoff" (default: none)`;

export interface MeasureSettings {
  readonly accounts: number;
  readonly group: number;
  readonly core: number;
  readonly v8Flags: readonly string[];
}

export function measureSettings(context: CommandContext): MeasureSettings {
  return {
    accounts: context.integer('accounts', 1, MAX_ACCOUNTS) ?? DEFAULT_ACCOUNTS,
    group: context.integer('group', 1, MAX_COMMANDS_PER_GROUP) ?? DEFAULT_GROUP,
    core: chooseCore(context),
    v8Flags: v8Flags(context),
  };
}

/** What --v8 says. */
export function v8Flags(context: CommandContext): readonly string[] {
  const flags = (context.text('v8') ?? '').split(/\s+/).filter((flag) => flag !== '');
  const wrong = flags.find((flag) => !flag.startsWith('--'));
  if (wrong === undefined) return flags;
  throw new UsageError(`--v8: ${wrong} is no flag; write them as in --v8="--no-liftoff"`);
}

/** The system's own work tends to be on the first core. */
export function chooseCore(context: CommandContext): number {
  const usable = availableCores();
  return coreOf(context, usable, 'core', usable.at(-1) ?? 0);
}

/** What --core says, and the option that names the core of another thread. */
export function chosenCores(
  context: CommandContext,
  otherOption: string,
): readonly [matchCore: number, otherCore: number] {
  const usable = availableCores();
  const matchCore = chooseCore(context);
  const other = usable.find((core) => core !== matchCore) ?? matchCore;
  return [matchCore, coreOf(context, usable, otherOption, other)];
}

function coreOf(
  context: CommandContext,
  usable: readonly number[],
  option: string,
  otherwise: number,
): number {
  const core = context.integer(option, 0, 1_023) ?? otherwise;
  if (usable.includes(core)) return core;
  throw new UsageError(`--${option} ${core}: this process may use ${usable.join(', ')}`);
}
