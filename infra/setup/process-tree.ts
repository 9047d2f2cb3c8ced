/** Processes by who started them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

interface Listed {
  readonly id: number;
  readonly parent: number;
  readonly command: string;
}

const MOST_BYTES = 64 * 1024 * 1024;

/** As `ps` has them, on Linux and macOS. */
async function listProcesses(): Promise<Listed[]> {
  const columns = ['-A', '-ww', '-o', 'pid=,ppid=,args='];
  const { stdout } = await promisify(execFile)('ps', columns, { maxBuffer: MOST_BYTES });
  return stdout.split('\n').flatMap((line) => {
    const [, id, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return id === undefined ? [] : [{ id: Number(id), parent: Number(parent), command }];
  });
}

/**
 * Kills what this process started to run `file`, the last of its arguments, with all that it
 * started in turn: servers that tests start are of no group of their own.
 */
export async function killRunsOf(file: string): Promise<void> {
  const all = await listProcesses();
  const childrenOf = Map.groupBy(all, ({ parent }) => parent);
  const doomed = (childrenOf.get(process.pid) ?? []).filter(({ command }) =>
    command.endsWith(` ${file}`),
  );
  // It grows as it is read: first who starts others, then the started.
  for (const { id } of doomed) {
    kill(id);
    doomed.push(...(childrenOf.get(id) ?? []));
  }
}

function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch (error) {
    // It may have ended meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
