/** `up --prover-workers`: a supervisor that starts and stops workers as jobs wait. */
import { totalmem } from 'node:os';
import { availableCores } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';

const MAX_WORKERS = 256;
const MEBIBYTE = 2 ** 20;
const LEAST_MB = 64;
/** Of one worker, until it is seen to take more; the supervisor's own default. */
const WORKER_MB = 600;
/** Of the machine's memory, at the most: the market, the broker and the system need some. */
const MEMORY_SHARE = 0.5;

export const WORKERS_OPTIONS = {
  'prover-workers': { type: 'string' },
  'prover-memory': { type: 'string' },
  'prover-cores': { type: 'string' },
} as const;
export const WORKERS_HELP = `\
  --prover-workers A..B
                    worker processes beside the prover, from A to B as jobs wait (0..4); each on a
                    core of its own while there are enough
  --prover-memory N ...as long as they take less than N MiB (default: ${WORKER_MB} each, but half of
                    the machine's at the most)
  --prover-cores L  ...on these cores, such as 2,3 (default: all but the last, which is a host's)`;

/**
 * Fields of the supervisor's configuration; undefined where no workers are asked for.
 * @throws UsageError for what makes no sense
 */
export function workerOptions(
  context: CommandContext,
  hasProver: boolean,
): Record<string, unknown> | undefined {
  const text = context.text('prover-workers');
  const cores = coresOf(context);
  const memory = context.integer('prover-memory', LEAST_MB, Number.MAX_SAFE_INTEGER);
  if (text === undefined) {
    for (const name of ['prover-memory', 'prover-cores']) {
      if (context.text(name) === undefined) continue;
      throw new UsageError(`--${name} is for --prover-workers: add it, or leave --${name} away`);
    }
    return undefined;
  }
  if (!hasProver) {
    throw new UsageError('--prover-workers is of the prover, which is not started: leave it away');
  }
  const { min, max } = rangeOf(text);
  const most = Math.floor((totalmem() / MEBIBYTE) * MEMORY_SHARE);
  const memoryMb = memory ?? Math.max(LEAST_MB, Math.min(max * WORKER_MB, most));
  return { min, max, memoryMb, workerMb: Math.min(WORKER_MB, memoryMb), ...cores };
}

/** `2` is `2..2`. */
function rangeOf(text: string): { readonly min: number; readonly max: number } {
  const parts = /^(\d{1,3})(?:\.\.(\d{1,3}))?$/.exec(text);
  const min = Number(parts?.[1]);
  const max = Number(parts?.[2] ?? parts?.[1]);
  if (parts !== null && min <= max && max >= 1 && max <= MAX_WORKERS) return { min, max };
  throw new UsageError(
    `--prover-workers ${text}: give the least and the most of them, up to ${MAX_WORKERS}: 0..4`,
  );
}

function coresOf(context: CommandContext): { readonly cores?: readonly number[] } {
  const text = context.text('prover-cores');
  if (text === undefined) return {};
  const usable = availableCores();
  const cores = text.split(',').map((core) => (/^\d+$/.test(core) ? Number(core) : -1));
  if (cores.every((core) => usable.includes(core))) return { cores };
  throw new UsageError(`--prover-cores ${text}: this process may use ${usable.join(', ')}`);
}
