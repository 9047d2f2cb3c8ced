/**
 * Hosts of a network for themselves on this machine, and ways to take them from each other. Each is
 * a network namespace that lives as long as this process; Linux, root, iproute2 and util-linux.
 *
 * A host that is not to hear another one is given a wrong hardware address by it: what is sent goes
 * out and arrives nowhere, as nobody tells the sender. In one direction, or in both.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pid } from 'node:process';
import type { ClusterHost } from '../local-cluster.ts';

const NOBODY = '02:00:00:00:00:01';
const CARD = 'eth0';
/** 198.18.0.0/15 is for measurements and nobody's; each process takes 16 addresses of it. */
const BASE = 198 * 2 ** 24 + 18 * 2 ** 16;
const BLOCK = 16;
const BLOCKS = 2 ** 17 / BLOCK;
export const MOST_HOSTS = BLOCK - 3;

export interface NetworkHost extends ClusterHost {
  readonly number: number;
}

export class NetworkHosts {
  /** From 0. This process is on the same network, and is never taken from anybody. */
  readonly hosts: readonly NetworkHost[];
  readonly #keepers: readonly ChildProcess[];

  private constructor(hosts: readonly NetworkHost[], keepers: readonly ChildProcess[]) {
    this.hosts = hosts;
    this.#keepers = keepers;
  }

  /** Why this process can't make any; undefined if it can. */
  static unavailable(): string | undefined {
    try {
      const make = 'ip link add a0 type bridge && ip link add a1 type veth peer name a2';
      run(['unshare', '--net', 'sh', '-c', make]);
      run(['nsenter', '--version']);
      return undefined;
    } catch (error) {
      const words = error instanceof Error ? error.message.trim() : String(error);
      const needs = 'networks of their own need root, iproute2 and util-linux';
      return `${needs}: ${words.split('\n').at(-1)}`;
    }
  }

  static async create(count: number): Promise<NetworkHosts> {
    const keepers: ChildProcess[] = [];
    try {
      const middle = await keepNamespace(keepers);
      const within = entering(middle);
      run([...within, 'ip', 'link', 'add', 'switch', 'type', 'bridge']);
      run([...within, 'ip', 'link', 'set', 'switch', 'up']);
      const hosts: NetworkHost[] = [];
      for (let number = 0; number < count; number += 1) {
        const host = await keepNamespace(keepers);
        plug(middle, host, number, CARD, entering(host));
        hosts.push({ number, address: addressOf(number), within: entering(host) });
      }
      // Its end goes with the other one, whatever becomes of this process.
      plug(middle, pid, count, `fb${pid}`, []);
      return new NetworkHosts(hosts, keepers);
    } catch (error) {
      for (const keeper of keepers) keeper.kill('SIGKILL');
      throw error;
    }
  }

  /** Nothing that `from` sends arrives at `to` any more. */
  silence(from: readonly NetworkHost[], to: readonly NetworkHost[]): void {
    for (const { within } of from) {
      for (const { address } of to) {
        const entry = [address, 'lladdr', NOBODY, 'dev', CARD, 'nud', 'permanent'];
        run([...within, 'ip', 'neigh', 'replace', ...entry]);
      }
    }
  }

  /** Neither hears the other. */
  cut(some: readonly NetworkHost[], others: readonly NetworkHost[]): void {
    this.silence(some, others);
    this.silence(others, some);
  }

  /** All hear each other. */
  heal(): void {
    for (const { within } of this.hosts) {
      run([...within, 'ip', 'neigh', 'flush', 'dev', CARD, 'nud', 'permanent']);
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#keepers.map(async (keeper) => {
        const ended = once(keeper, 'exit');
        keeper.kill('SIGKILL');
        await ended;
      }),
    );
  }
}

/** A process that does nothing but be in a namespace of its own; it ends as this one does. */
async function keepNamespace(keepers: ChildProcess[]): Promise<number> {
  const keeper = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
  keepers.push(keeper);
  keeper.stdin.write('here\n');
  await once(keeper.stdout, 'data');
  return keeper.pid ?? 0;
}

const entering = (keeper: number) => ['nsenter', `--net=/proc/${keeper}/ns/net`, '--'];

/** Lays a cable from the switch to the host of that process. */
function plug(
  middle: number,
  host: number,
  number: number,
  card: string,
  within: readonly string[],
): void {
  const port = `port${number}`;
  const peer = ['peer', 'name', card, 'netns', String(host)];
  run([...entering(middle), 'ip', 'link', 'add', port, 'type', 'veth', ...peer]);
  run([...entering(middle), 'ip', 'link', 'set', port, 'master', 'switch', 'up']);
  run([...within, 'ip', 'address', 'add', `${addressOf(number)}/28`, 'dev', card]);
  run([...within, 'ip', 'link', 'set', card, 'up']);
  if (within.length > 0) run([...within, 'ip', 'link', 'set', 'lo', 'up']);
}

function addressOf(number: number): string {
  const address = BASE + (pid % BLOCKS) * BLOCK + 1 + number;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

function run([program = '', ...args]: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
