/**
 * How much more several processes do at once than one of them alone, where they share nothing but
 * the machine: what keeps other work from as much more is not of its making.
 */
import { fileURLToPath } from 'node:url';
import { AskedProcess } from './asked-process.ts';
import { LOADS, type Load, type ScalingQuestions } from './scaling-floor-messages.ts';
import { median } from './statistics.ts';

const MAIN = fileURLToPath(new URL('./scaling-floor-main.ts', import.meta.url));
const FOR_MS = 100;
/** Alone and together in turn, since a machine is not as fast in each second as in the next. */
const TURNS = 7;

/** Times one process. */
export type ScalingFloor = Readonly<Record<Load, number>>;

/** @throws BenchError MEASUREMENT_FAILED; InterruptedError */
export async function scalingFloor(processes: number, signal: AbortSignal): Promise<ScalingFloor> {
  const all = Array.from(
    { length: processes },
    () => new AskedProcess<ScalingQuestions>(MAIN, [], signal),
  );
  try {
    const floor: Record<Load, number> = { compute: 0, memory: 0 };
    for (const load of LOADS) {
      const ratios: number[] = [];
      for (let turn = 0; turn < TURNS; turn += 1) {
        const alone = await perSec(all.slice(0, 1), load);
        ratios.push((await perSec(all, load)) / alone);
      }
      floor[load] = median(ratios);
    }
    return floor;
  } finally {
    await Promise.all(all.map((process) => process.stop()));
  }
}

async function perSec(
  processes: readonly AskedProcess<ScalingQuestions>[],
  load: Load,
): Promise<number> {
  const each = await Promise.all(processes.map((one) => one.ask('run', { load, forMs: FOR_MS })));
  return each.reduce((sum, figure) => sum + figure, 0);
}
