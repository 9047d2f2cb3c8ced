/** Provers, workers and queues that die while a chain is proved; and what comes of it. */
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorClient, OrderClient } from '@foldbook/client';
import { Dice } from '@foldbook/engine';
import { Asset, Side } from '@foldbook/protocol';
import { connectChannel, processChannel, type Transport } from '@foldbook/runtime';
import { commitmentDigest } from '@foldbook/stark/verify';
import {
  bytesToHex,
  type ChainKind,
  decodeStarkGenesis,
  toBigEndian,
  verifyChain,
} from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { kernelCommitments } from '@foldbook/verifier/stark-data';
import { ServiceError } from '../cli-error.ts';
import { freePorts } from '../free-port.ts';
import { findPrograms, type LocalServer, startServer, untilOpen } from '../local-servers.ts';
import type { Output } from '../output.ts';
import { type ServiceProcess, startService } from '../service-process.ts';
import { ReplayedLedger } from './replayed-ledger.ts';
import { storedEpochs, storedTiling, type Tiling } from './stored-tiling.ts';

/** Three processes that are killed, and a queue that loses all it has while it goes on. */
const CHAIN_FAULTS = ['prover', 'worker', 'redis', 'flush'] as const;
export type ChainFault = (typeof CHAIN_FAULTS)[number];

export interface ProofChainOptions {
  /** For streams, stores and logs. */
  readonly folder: string;
  /** Faults, one after the other. */
  readonly runs: number;
  readonly seed: number;
  readonly workers: number;
  readonly chain: ChainKind;
  readonly output: Output;
  readonly signal: AbortSignal;
}

export interface ProofChainResult extends Tiling {
  readonly faults: Readonly<Record<ChainFault, number>>;
  /** Of these, how many had jobs under way. */
  readonly midBatch: number;
  readonly trades: number;
  /** Hex. */
  readonly root: string;
  readonly replayedRoot: string;
}

const MARKET = 'CHAIN';
const ACCOUNTS = [2, 3, 4, 5] as const;
const DEPOSIT = 1_000_000n;
/** Epochs that are ready for the prover when something happens to it. */
const BACKLOG: Readonly<Record<ChainKind, number>> = { poseidon: 2, stark: 8 };
const TRADES_AN_EPOCH = 4;
/** Fewer than an epoch has: a kill meets epochs of which some parts are proved. */
const PART_RECORDS = 5;
const LOCK_MS = 3_000;
/** As long as it takes to prove an epoch, so that any part of one is met. */
const MOST_PAUSE_MS: Readonly<Record<ChainKind, number>> = { poseidon: 2_000, stark: 200 };
const LOOK_MS = 25;
const PROGRESS_WITHIN_MS = 300_000;
const QUEUE = 'bull:foldbook-proofs-0:active';

export async function runProofChain(options: ProofChainOptions): Promise<ProofChainResult> {
  const run = new ProofChainRun(options);
  try {
    await run.start();
    return await run.run();
  } finally {
    await run.stop();
  }
}

class ProofChainRun {
  readonly #options: ProofChainOptions;
  readonly #dice: Dice;
  readonly #streams: string;
  readonly #proofs: string;
  /** Of the market, and of its chain. */
  readonly #store: string;
  readonly #chain: string;
  readonly #faults = { prover: 0, worker: 0, redis: 0, flush: 0 };
  #midBatch = 0;
  #trades = 0;
  #closed = 0;
  #port = 0;
  #redis: LocalServer | undefined;
  #market: ServiceProcess | undefined;
  #prover: ServiceProcess | undefined;
  readonly #workers: ServiceProcess[] = [];
  #transport: Transport | undefined;
  #operator: OperatorClient | undefined;
  #clients: OrderClient[] = [];

  constructor(options: ProofChainOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#streams = join(options.folder, 'streams');
    this.#proofs = join(options.folder, 'proofs');
    this.#store = join(this.#proofs, MARKET);
    this.#chain = options.chain === 'stark' ? join(this.#store, 'stark') : this.#store;
  }

  async start(): Promise<void> {
    const [port = 0] = await freePorts(1);
    this.#port = port;
    await this.#startRedis();
    const broker = { kind: 'embedded', dir: this.#streams };
    this.#market = await this.#service('market', { broker, epochRecords: 1_000 });
    const channel = processChannel(this.#market.child);
    if (channel === undefined) throw new ServiceError('the market has no channel');
    this.#transport = connectChannel(channel);
    await this.#openMarket(this.#transport);
    await this.#startProver();
    for (let worker = 0; worker < this.#options.workers; worker += 1) await this.#startWorker();
  }

  /** One fault after the other, always with work at hand; then the rest is proved. */
  async run(): Promise<ProofChainResult> {
    const { runs, chain, output, signal } = this.#options;
    const schedule = faultSchedule(this.#dice);
    for (let run = 0; run < runs; run += 1) {
      output.progress('faults', run, runs);
      signal.throwIfAborted();
      const fault = schedule[run % schedule.length] ?? 'worker';
      await this.#untilBusy(fault);
      await delay(this.#dice.below(MOST_PAUSE_MS[chain]), undefined, { signal });
      // What was under way may be done, and the epochs behind it as well.
      await this.#untilBusy(fault);
      await this.#bring(fault);
    }
    output.endProgress();
    await this.#until('all epochs are proved', async () => {
      return (await this.#storedCount()) === this.#closed;
    });
    await this.#endAll();
    return this.#judge();
  }

  async stop(): Promise<void> {
    await this.#endAll();
    const pid = await this.#redis?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }

  async #openMarket(transport: Transport): Promise<void> {
    const operator = new OperatorClient(transport, MARKET);
    this.#operator = operator;
    await operator.createMarket(-100, 300);
    for (const account of ACCOUNTS) {
      await operator.deposit(account, Asset.BASE, DEPOSIT);
      await operator.deposit(account, Asset.QUOTE, DEPOSIT * 1_000n);
      const reports = { kind: 'live', transport } as const;
      this.#clients.push(await OrderClient.open({ transport, reports, market: MARKET, account }));
    }
    await this.#closeEpoch();
  }

  /** Trades of two accounts each, so that some accounts change and others do not. */
  async #fillBacklog(): Promise<void> {
    const backlog = BACKLOG[this.#options.chain];
    while (this.#closed - (await this.#storedCount()) < backlog) {
      for (let trade = 0; trade < TRADES_AN_EPOCH; trade += 1) {
        const first = this.#dice.below(this.#clients.length);
        const step = 1 + this.#dice.below(this.#clients.length - 1);
        const seller = this.#clients[first];
        const buyer = this.#clients[(first + step) % this.#clients.length];
        const price = 100n + BigInt(this.#dice.below(50));
        const quantity = 1n + BigInt(this.#dice.below(20));
        seller?.submitOrder({ side: Side.SELL, price, quantity });
        await seller?.idle();
        buyer?.submitOrder({ side: Side.BUY, price, quantity });
        await buyer?.idle();
        this.#trades += 1;
      }
      await this.#closeEpoch();
    }
  }

  async #closeEpoch(): Promise<void> {
    const event = await this.#operator?.closeEpoch();
    if (event?.type !== 'epoch') throw new ServiceError('the market does not close its epoch');
    this.#closed = event.epoch + 1;
  }

  async #bring(fault: ChainFault): Promise<void> {
    if ((await this.#activeJobs()) > 0) this.#midBatch += 1;
    this.#faults[fault] += 1;
    switch (fault) {
      case 'prover':
        await kill(this.#prover);
        return this.#startProver();
      case 'worker': {
        await kill(this.#workers.shift());
        return this.#startWorker();
      }
      case 'redis': {
        // It writes nothing to a disk: what comes back is empty.
        const pid = await this.#redis?.pid;
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
        if (this.#redis !== undefined) await once(this.#redis.child, 'exit');
        return this.#startRedis();
      }
      case 'flush':
        await this.#say('FLUSHALL');
        return;
      default:
        return fault satisfies never;
    }
  }

  async #startRedis(): Promise<void> {
    const { folder } = this.#options;
    const { redisServer } = await findPrograms();
    const args = ['--port', `${this.#port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    this.#redis = startServer('redis-server', folder, redisServer, args);
    await untilOpen(this.#port, 'redis-server');
  }

  async #startProver(): Promise<void> {
    this.#prover = await this.#service('prover', {
      source: { kind: 'segment', dir: this.#streams },
      ...{ redisUrl: this.#redisUrl, dataDir: this.#proofs, workers: 0, markets: [MARKET] },
      ...{ chains: this.#options.chain, nice: 0, stark: { partRecords: PART_RECORDS } },
    });
  }

  async #startWorker(): Promise<void> {
    const config = { redisUrl: this.#redisUrl, lockMs: LOCK_MS, nice: 0 };
    this.#workers.push(await this.#service('prover-worker', config));
  }

  #service(name: Parameters<typeof startService>[0], config: Record<string, unknown>) {
    const { folder, signal } = this.#options;
    return startService(name, { config, logDir: folder, onTrouble: () => undefined, signal });
  }

  get #redisUrl(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Of workers the one that is killed must have a job: all have. */
  async #untilBusy(fault: ChainFault): Promise<void> {
    const least = fault === 'worker' ? this.#options.workers : 1;
    await this.#until(`${least} jobs are under way`, async () => {
      await this.#fillBacklog();
      return (await this.#activeJobs()) >= least;
    });
  }

  async #activeJobs(): Promise<number> {
    return Number((await this.#say(`LLEN ${QUEUE}`)).slice(1));
  }

  async #storedCount(): Promise<number> {
    return (await storedEpochs(this.#chain)).length;
  }

  /** Fails early where a proof was set aside, which no kill may bring about. */
  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const { signal } = this.#options;
    const endMs = performance.now() + PROGRESS_WITHIN_MS;
    while (!(await holds())) {
      const aside = await readdir(join(this.#store, 'aside')).catch(() => []);
      if (aside.length > 0) throw new ServiceError(`proofs were set aside: ${aside.join(', ')}`);
      if (performance.now() > endMs) {
        throw new ServiceError(`not within ${PROGRESS_WITHIN_MS / 1_000} s: ${what}`);
      }
      await delay(LOOK_MS, undefined, { signal });
    }
  }

  /** One command to Redis, and the first line of its answer. */
  async #say(command: string): Promise<string> {
    const socket = connect(this.#port, '127.0.0.1');
    try {
      socket.write(`${command}\r\n`);
      const [answer] = await once(socket, 'data');
      return String(answer).trim();
    } finally {
      socket.destroy();
    }
  }

  async #endAll(): Promise<void> {
    const clients = this.#clients;
    this.#clients = [];
    for (const client of clients) await client.close();
    await this.#transport?.close();
    this.#transport = undefined;
    const services = [this.#prover, ...this.#workers.splice(0), this.#market];
    this.#prover = undefined;
    this.#market = undefined;
    await Promise.all(services.map((service) => service?.stop()));
  }

  async #judge(): Promise<ProofChainResult> {
    const { chain } = this.#options;
    const tiling = await storedTiling(this.#chain, chain);
    const failures = [...tiling.failures];
    const source = openStoreFolder(this.#proofs, MARKET, { chain });
    const options = { level: 'data', commitments: kernelCommitments } as const;
    const verified = await verifyChain(source, options);
    if (!verified.ok) failures.push(`the chain is refused: ${verified.firstFailure.message}`);
    const ledger = await ReplayedLedger.read(this.#streams, MARKET, ACCOUNTS);
    const replayedRoot =
      chain === 'stark'
        ? await starkRoot(ledger, await source.genesis())
        : bytesToHex(toBigEndian(ledger.root()));
    const root = verified.ok ? verified.toRoot : '';
    if (root !== replayedRoot) failures.push(`root ${root} is not the log's: ${replayedRoot}`);
    if (tiling.epochs !== this.#closed) {
      failures.push(`${tiling.epochs} epochs are proved, of ${this.#closed}`);
    }
    if (tiling.records !== ledger.records) {
      failures.push(`${tiling.records} records are proved, of ${ledger.records} in the log`);
    }
    const told = { faults: this.#faults, midBatch: this.#midBatch, trades: this.#trades };
    return { ...tiling, ...told, root, replayedRoot, failures };
  }
}

/** Digest of the commitment to these balances, by the parameters of the chain; hex. */
async function starkRoot(ledger: ReplayedLedger, file: Uint8Array | undefined): Promise<string> {
  const genesis = decodeStarkGenesis(file ?? new Uint8Array());
  if (!genesis.ok) throw new ServiceError(`the chain's genesis: ${genesis.error.message}`);
  const commitments = await kernelCommitments(genesis.value.parameters.logBlowup);
  return bytesToHex(commitmentDigest(commitments.accounts(ledger.table())));
}

/** Repeated, it has each kind among any four in a row: what is drawn anew may miss one for long. */
function faultSchedule(dice: Dice): ChainFault[] {
  const left: ChainFault[] = [...CHAIN_FAULTS];
  return CHAIN_FAULTS.flatMap(() => left.splice(dice.below(left.length), 1));
}

async function kill(service: ServiceProcess | undefined): Promise<void> {
  service?.child.kill('SIGKILL');
  await service?.exited;
}
