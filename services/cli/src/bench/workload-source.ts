/** Where a workload comes from: a file that the user names, or the generator. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UsageError } from '../cli-error.ts';
import { BenchError } from './bench-error.ts';
import { parseWorkload, type Workload, type WorkloadKind } from './workload.ts';
import { generateWorkload, WORKLOADS, type WorkloadName } from './workload-generator.ts';

const DEFAULTS = { match: 'w1', mbo: 'w2-1' } as const satisfies Record<WorkloadKind, string>;

export interface WorkloadSource {
  /** For people: the file's name, or the workload's. */
  readonly name: string;
  readonly file: string;
  readonly workload: Workload;
}

/**
 * @param file - a workload file
 * @param name - of a workload to generate, where no file is given
 * @param workDir - where what is generated goes
 * @param kind - what the benchmark is for
 */
export async function openWorkload(
  file: string | undefined,
  name: string | undefined,
  workDir: string,
  kind: WorkloadKind = 'match',
): Promise<WorkloadSource> {
  if (file !== undefined) {
    if (name !== undefined) throw new UsageError('give a file or --workload, not both');
    const bytes = await readFile(file).catch((error: Error) => {
      throw new BenchError('WORKLOAD_UNREADABLE', `${file} can't be read: ${error.message}`);
    });
    return { name: basename(file), file, workload: parseWorkload(bytes, file, kind) };
  }
  const chosen = workloadName(name ?? DEFAULTS[kind], kind);
  const bytes = generateWorkload(WORKLOADS[chosen]);
  const generated = join(workDir, `${chosen}.bin`);
  await writeFile(generated, bytes);
  return { name: chosen, file: generated, workload: parseWorkload(bytes, generated, kind) };
}

function workloadName(name: string, kind: WorkloadKind): WorkloadName {
  const names = Object.keys(WORKLOADS) as WorkloadName[];
  const usable = names.filter((one) => WORKLOADS[one].kind === kind);
  const chosen = usable.find((one) => one === name);
  if (chosen !== undefined) return chosen;
  throw new UsageError(`--workload ${name}: use ${usable.join(' or ')}`);
}
