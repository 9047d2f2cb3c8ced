/** Where a workload comes from: a file that the user names, or the generator. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UsageError } from '../cli-error.ts';
import { BenchError } from './bench-error.ts';
import { parseWorkload, type Workload } from './workload.ts';
import { generateWorkload, WORKLOADS, type WorkloadName } from './workload-generator.ts';

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
 */
export async function openWorkload(
  file: string | undefined,
  name: string | undefined,
  workDir: string,
): Promise<WorkloadSource> {
  if (file !== undefined) {
    if (name !== undefined) throw new UsageError('give a file or --workload, not both');
    const bytes = await readFile(file).catch((error: Error) => {
      throw new BenchError('WORKLOAD_UNREADABLE', `${file} can't be read: ${error.message}`);
    });
    return { name: basename(file), file, workload: parseWorkload(bytes, file) };
  }
  const chosen = workloadName(name ?? 'w1');
  const bytes = generateWorkload(WORKLOADS[chosen]);
  const generated = join(workDir, `${chosen}.bin`);
  await writeFile(generated, bytes);
  return { name: chosen, file: generated, workload: parseWorkload(bytes, generated) };
}

function workloadName(name: string): WorkloadName {
  if (Object.hasOwn(WORKLOADS, name)) return name as WorkloadName;
  throw new UsageError(`--workload ${name}: use ${Object.keys(WORKLOADS).join(' or ')}`);
}
