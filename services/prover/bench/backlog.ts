/**
 * Resident memory of a prover by how many epochs wait for it:
 * node services/prover/bench/backlog.ts [epochs ...]
 *
 * The prover is a process as in production, with jobs in Redis that nobody takes, so that all its
 * epochs wait. Once it has published the data of the last one, its garbage is collected and its
 * memory read, and the most that it ever had.
 */
import { on } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffStream } from '@foldbook/protocol';
import { SegmentStore } from '@foldbook/runtime';
import { startRedisServer } from '@foldbook/runtime/testing';
import { DiffScript, depositBase } from '../src/testing/diff-script.ts';
import { Processes, polled } from '../src/testing/prover-process.ts';
import { write } from './rounds.ts';

const MARKET = 'BENCH-USD';
const RECORDS = 60;
const ACCOUNTS = 20;
const USUAL = ['10', '100', '1000'];
/** Loaded before the prover: on a signal it collects garbage and tells what is in use, bytes. */
const TELLS = `process.on('SIGUSR2', () => {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  process.send({ type: 'collected', used: heapUsed + external });
})`;

async function writeStream(dir: string, epochs: number): Promise<void> {
  const streams = new SegmentStore({ dir });
  const writer = await streams.writer(diffStream(0), ['diff.0.*']);
  const script = new DiffScript(7).create(0, 0);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const moves = Array.from({ length: RECORDS }, (_, index) =>
      depositBase(2 + ((7 * epoch + index) % ACCOUNTS), 5n),
    );
    await writer.append(`diff.0.${MARKET}`, script.move(...moves).closeEpoch());
  }
  await streams.close();
}

/** In MiB, by the names of /proc/PID/status. */
async function memoryOf(pid: number): Promise<(name: string) => number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return (name) => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
    return Math.round(Number(found?.[1]) / 1_024);
  };
}

async function measure(epochs: number, redisUrl: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-backlog-'));
  const processes = new Processes();
  try {
    await writeStream(join(dir, 'streams'), epochs);
    const config = {
      ...{ redisUrl, workers: 0, nice: 0, dataDir: join(dir, 'proofs') },
      source: { kind: 'segment', dir: join(dir, 'streams') },
    };
    const flags = ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(TELLS)}`];
    const prover = processes.start('prover', config, flags);
    const name = `${epochs - 1}`.padStart(8, '0');
    const last = join(dir, 'proofs', MARKET, 'epochs', `${name}.fbd`);
    await polled(() =>
      access(last).then(
        () => true,
        () => false,
      ),
    );
    await prover.until(() =>
      prover.messages.some((told) => told.type === 'status' && told.epochsBacklog === epochs),
    );
    const told = on(prover.child, 'message');
    prover.child.kill('SIGUSR2');
    let used = 0;
    for await (const [message] of told) {
      if (message.type !== 'collected') continue;
      used = Math.round(message.used / 2 ** 20);
      break;
    }
    const memory = await memoryOf(prover.child.pid ?? 0);
    write(
      `${epochs} epochs wait: RSS ${memory('VmRSS')} MiB, at most ${memory('VmHWM')} MiB, ` +
        `in use ${used} MiB`,
    );
  } finally {
    processes.killAll();
    await rm(dir, { recursive: true, force: true });
  }
}

const redis = await startRedisServer();
try {
  const asked = process.argv.length > 2 ? process.argv.slice(2) : USUAL;
  for (const epochs of asked) await measure(Number(epochs), redis.url);
} finally {
  await redis.close();
}
