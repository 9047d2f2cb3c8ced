/** Disks without room: the broker's, and those that a node has beside it. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClientError, OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, Side } from '@foldbook/protocol';
import { connectChannel, processChannel, type Transport } from '@foldbook/runtime';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';
import { MARKET } from './check/kill9-load.ts';
import { type ServiceProcess, startService } from './service-process.ts';
import { DisturbedMarket } from './testing/disturbed-market.ts';
import { foldbook } from './testing/foldbook.ts';
import { probe } from './testing/probe.ts';
import { SmallDisk } from './testing/small-disk.ts';
import { until } from './testing/until.ts';

const LIMIT = { timeout: 120_000 };
/** What an order may be answered where the market has lost its lease. */
const NOT_NOW: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TIMEOUT', 'NO_RESPONDERS']);
const DISK_MB = 48;

interface Scene {
  readonly nats: NatsServer;
  readonly disk: SmallDisk;
  readonly market: DisturbedMarket;
}

type Place = 'broker' | 'journal' | 'snapshots' | 'proofs';

/** One of them is on the small disk. */
async function withScene(place: Place, use: (scene: Scene) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-full-'));
  const disk = await SmallDisk.mount(DISK_MB);
  const storeDir = place === 'broker' ? { storeDir: join(disk.dir, 'streams') } : {};
  const nats = await startNatsServer({ syncInterval: 'always', ...storeDir });
  const journal = place === 'journal' ? { journal: { dir: disk.dir } } : {};
  const folder = place === 'snapshots' ? { dir: disk.dir } : {};
  try {
    const small = place === 'proofs' ? { epochRecords: 15 } : {};
    const config = { ...journal, ...small, snapshots: { everyCommands: 200, ...folder } };
    const market = await DisturbedMarket.start({ dir, url: nats.url, config });
    try {
      await use({ nats, disk, market });
    } finally {
      await market.close();
    }
  } finally {
    await nats.close();
    await disk.unmount();
    await rm(dir, { recursive: true, force: true });
  }
}

const unavailable = await SmallDisk.unavailable();

describe('a disk without room', { skip: unavailable ?? false }, () => {
  it("the broker's: orders are refused by code, and go on after its restart", LIMIT, () =>
    withScene('broker', async ({ nats, disk, market }) => {
      disk.fill();
      // Its lease stands in the same store, and may be what is refused first: nothing is appended
      // without one.
      await market.says(/(?:the log does not take appends; nothing is acknowledged|not renewed)/);
      const wereRefused = /does not take appends/.test(market.process.log());
      await until(async () => {
        const code = await probe(market.transport);
        return wereRefused ? code === 'UNAVAILABLE' : NOT_NOW.has(code);
      });
      const { accepted } = market;
      disk.clear();
      // nats-server writes no more to a stream that it once failed to write to.
      await nats.kill();
      assert.equal(market.accepted, accepted, 'nothing was acknowledged meanwhile');
      await nats.restart();
      if (wereRefused) await market.says(/the log takes appends again/);
      await market.tradesOn();
      assert.deepEqual(await market.judge(), []);
    }),
  );

  it("the journal's: warned of, in nobody's way, and caught up with later", LIMIT, () =>
    withScene('journal', async ({ nats, disk, market }) => {
      disk.fill();
      await market.says(/the journal falls behind: it can't be written: .*ENOSPC/);
      await market.tradesOn();
      disk.clear();
      await market.says(/the journal has caught up/);
      assert.deepEqual(await market.judge(), []);
      const folder = join(disk.dir, 'LOG_0');
      const verified = await foldbook('journal', 'verify', folder, '--against', nats.url);
      assert.equal(verified.status, 0, verified.stderr);
    }),
  );

  it("the checkpoints': warned of, in nobody's way, and written when there is room", LIMIT, () =>
    withScene('snapshots', async ({ disk, market }) => {
      disk.fill();
      await market.says(/a snapshot.*ENOSPC/);
      await market.tradesOn();
      const before = await readdir(disk.dir);
      disk.clear();
      await until(async () => (await readdir(disk.dir)).some((name) => isNewFile(name, before)));
      assert.deepEqual(await market.judge(), []);
    }),
  );

  it("the proof store's: warned of, and proved on when there is room", LIMIT, () =>
    withScene('proofs', async ({ nats, disk, market }) => {
      const trouble: string[] = [];
      const proved: number[] = [];
      const dir = await mkdtemp(join(tmpdir(), 'foldbook-full-'));
      const store = join(disk.dir, 'proofs');
      const source = { kind: 'jetstream', servers: nats.url };
      const prover = await startService('prover', {
        config: { source, dataDir: store, workers: 1, nice: 0 },
        logDir: dir,
        onTrouble: (line) => trouble.push(line),
      });
      prover.child.on('message', (told: { type?: string; epoch?: number }) => {
        if (told.type === 'epoch-proved') proved.push(told.epoch ?? -1);
      });
      try {
        await until(() => proved.length > 0);
        disk.fill();
        await until(() => trouble.some((line) => /epoch waits for the disk.*ENOSPC/.test(line)));
        const before = proved.length;
        await market.tradesOn();
        disk.clear();
        await until(() => proved.length > before);
        assert(!trouble.some((line) => line.includes('not proved any further')));
      } finally {
        await prover.stop();
        await rm(dir, { recursive: true });
      }
      const verified = await foldbook('verify', '--store', store);
      assert.equal(verified.status, 0, verified.stdout + verified.stderr);
    }),
  );

  it("an embedded log's: the market ends and says why; what it acknowledged is there", LIMIT, () =>
    withEmbedded(async (disk, start) => {
      const first = await start();
      await first.open();
      await first.place();
      disk.fill();
      const refused: { readonly code?: unknown } = await first.placeOn();
      assert.equal(refused.code, 'OUTCOME_UNKNOWN');
      const { status } = await first.service.exited;
      assert.equal(status, 1);
      const log = await readFile(first.service.logFile, 'utf8');
      assert.match(log, /can't go on: writing .* failed: .*ENOSPC.*; see to the disk/);
      disk.clear();
      const second = await start();
      const { length } = await (await second.trader()).openOrders();
      // The last one was on its way when it ended.
      assert([first.accepted, first.accepted + 1].includes(length), `${first.accepted}: ${length}`);
      await second.place();
      await second.service.stop();
    }),
  );
});

const isNewFile = (name: string, before: readonly string[]) =>
  name.endsWith('.snapshot') && !before.includes(name);

/** A market whose log is on the disk of its own, and one trader whose orders rest. */
class EmbeddedMarket {
  readonly service: ServiceProcess;
  accepted = 0;
  readonly #transport: Transport;
  #client: OrderClient | undefined;

  constructor(service: ServiceProcess) {
    const channel = processChannel(service.child);
    assert(channel !== undefined);
    this.service = service;
    this.#transport = connectChannel(channel);
  }

  async open(): Promise<void> {
    const operator = new OperatorClient(this.#transport, MARKET);
    await operator.createMarket(0, 0);
    await operator.deposit(7, Asset.BASE, 1_000_000n);
  }

  async trader(): Promise<OrderClient> {
    const transport = this.#transport;
    const reports = { kind: 'live', transport } as const;
    this.#client ??= await OrderClient.open({ transport, reports, market: MARKET, account: 7 });
    return this.#client;
  }

  async place(): Promise<void> {
    const client = await this.trader();
    const answer = await client.place({ side: Side.SELL, price: 100n, quantity: 1n });
    assert.equal(answer.type, 'accepted');
    this.accepted += 1;
  }

  /** Until one is not answered; resolves with why. */
  async placeOn(): Promise<object> {
    try {
      for (;;) await this.place();
    } catch (error) {
      assert(error instanceof ClientError, String(error));
      return error;
    }
  }
}

async function withEmbedded(
  use: (disk: SmallDisk, start: () => Promise<EmbeddedMarket>) => Promise<void>,
): Promise<void> {
  const logDir = await mkdtemp(join(tmpdir(), 'foldbook-full-'));
  const disk = await SmallDisk.mount(DISK_MB);
  const services: ServiceProcess[] = [];
  const config = { broker: { kind: 'embedded', dir: join(disk.dir, 'streams') } };
  try {
    await use(disk, async () => {
      const service = await startService('market', { config, logDir, onTrouble: () => undefined });
      services.push(service);
      return new EmbeddedMarket(service);
    });
  } finally {
    for (const service of services) {
      service.child.kill('SIGKILL');
      await service.exited;
    }
    await disk.unmount();
    await rm(logDir, { recursive: true, force: true });
  }
}
