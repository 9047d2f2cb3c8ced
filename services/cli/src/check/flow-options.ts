/** The options that checks on random flows share. */
import type { CommandContext } from '../command.ts';

/** Commands of one flow: long enough to reach everything there is. */
export const FLOW_COMMANDS = 20_000;
const MAX_RUNS = 1_000_000_000;
const MAX_SEED = 2 ** 32 - 1;

export const FLOW_OPTIONS = {
  seed: { type: 'string' },
  runs: { type: 'string' },
} as const;

export const FLOW_HELP = `  --seed S          of the first flow; those after it follow (default 1)
  --runs N          commands, in flows of ${FLOW_COMMANDS}`;

export interface Flow {
  readonly seed: number;
  readonly commands: number;
}

/** The flows that were asked for, one seed after the other. */
export function flowsOf(context: CommandContext, defaultRuns: number): Flow[] {
  const runs = context.integer('runs', 1, MAX_RUNS) ?? defaultRuns;
  const first = context.integer('seed', 0, MAX_SEED) ?? 1;
  const flows: Flow[] = [];
  for (let left = runs; left > 0; left -= FLOW_COMMANDS) {
    const seed = (first + flows.length) % (MAX_SEED + 1);
    flows.push({ seed, commands: Math.min(left, FLOW_COMMANDS) });
  }
  return flows;
}
