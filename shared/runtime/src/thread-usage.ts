/** What the system says of a thread, of this process or another one's; Linux only. */
import { readFileSync } from 'node:fs';
import { platform } from 'node:process';

export interface ThreadUsage {
  /** Time on a processor and time ready but waiting for one, ns; undefined if not accounted. */
  readonly runNs: number | undefined;
  readonly waitNs: number | undefined;
  /** Of the time on a processor, in and out of the kernel, in ticks of the system's clock. */
  readonly userTicks: number;
  readonly systemTicks: number;
  /** It gave its processor away, or it was taken away. */
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
  /** Pages that were only to be mapped, and pages that were to be read. */
  readonly minorFaults: number;
  readonly majorFaults: number;
}

/** In /proc's `stat`, counted from the first field after the name. */
const Field = { MINOR_FAULTS: 7, MAJOR_FAULTS: 9, USER_TICKS: 11, SYSTEM_TICKS: 12 } as const;

/** Undefined where there is no such thread, or no /proc to say so. */
export function readThreadUsage(processId: number, threadId: number): ThreadUsage | undefined {
  if (platform !== 'linux') return undefined;
  const dir = `/proc/${processId}/task/${threadId}`;
  let stat: string;
  let status: string;
  try {
    stat = readFileSync(`${dir}/stat`, 'utf8');
    status = readFileSync(`${dir}/status`, 'utf8');
  } catch {
    return undefined;
  }
  // The name may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (index: number) => Number(fields[index]);
  const switches = (kind: string) =>
    Number(new RegExp(`^${kind}_ctxt_switches:\\s*(\\d+)`, 'm').exec(status)?.[1]);
  const [runNs, waitNs] = scheduled(dir);
  return {
    runNs,
    waitNs,
    userTicks: field(Field.USER_TICKS),
    systemTicks: field(Field.SYSTEM_TICKS),
    voluntarySwitches: switches('voluntary'),
    involuntarySwitches: switches('nonvoluntary'),
    minorFaults: field(Field.MINOR_FAULTS),
    majorFaults: field(Field.MAJOR_FAULTS),
  };
}

/** Kernels may be built without these figures. */
function scheduled(dir: string): readonly [number | undefined, number | undefined] {
  try {
    const [runNs, waitNs] = readFileSync(`${dir}/schedstat`, 'utf8').split(' ').map(Number);
    return [runNs, waitNs];
  } catch {
    return [undefined, undefined];
  }
}
