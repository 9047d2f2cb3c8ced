/** Which process, for those who ask later: the system uses process ids again. */
import { readFileSync, readlinkSync } from 'node:fs';
import { pid as ownPid, platform } from 'node:process';

export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in the kernel's ticks; empty where the system doesn't tell. */
  readonly started: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: ownPid, started: startOf(ownPid) ?? '' };
}

/**
 * Names the kernel, since its start, and its space of process ids: where two processes say the
 * same, they can look for each other by id. Containers of one machine differ. Empty where that is
 * not known.
 */
export function hostIdentity(): string {
  if (platform !== 'linux') return '';
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}

export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, started } = value as Partial<Record<keyof ProcessIdentity, unknown>>;
  return Number.isInteger(pid) && typeof started === 'string'
    ? { pid: Number(pid), started }
    : undefined;
}

/** Whether this very process lives: not another one that was given its id. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  // 0 and negative ids name groups of processes.
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user. Anything else is no process.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = statOf(pid);
  if (stat === undefined) return true;
  return !stat.isZombie && stat.started === started;
}

function startOf(pid: number): string | undefined {
  return statOf(pid)?.started;
}

function statOf(pid: number): { isZombie: boolean; started: string | undefined } | undefined {
  if (platform !== 'linux') return undefined;
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    // Gone, or not for us to see, or no descriptor is left: whoever asks must not fail for it.
    if (error instanceof Error) return undefined;
    throw error;
  }
  // The second field is the program's name in parentheses, which may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // Killed, but its parent has not asked after it yet.
  return { isZombie: fields[0] === 'Z', started: fields[19] };
}
