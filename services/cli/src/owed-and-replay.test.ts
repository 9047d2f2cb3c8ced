/**
 * What the exchange owes, and that it follows from the orders, from end to end: the broker as it
 * ships, a market, a prover with real circuits, and the commands as a trader, an operator and an
 * auditor use them.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askProof, OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, Side } from '@foldbook/protocol';
import { connectNats, JetStreamStore, type NatsTransport, SegmentStore } from '@foldbook/runtime';
import type { NatsServer } from '@foldbook/runtime/testing';
import { type ServiceProcess, startService } from './service-process.ts';
import { foldbook, type Ran } from './testing/foldbook.ts';
import { PASSWORD, startShippedBroker } from './testing/shipped-broker.ts';
import { until } from './testing/until.ts';

const MARKET = 'BTC-USD';

for (const chains of ['stark', 'poseidon'] as const) {
  describe(`what is owed, and why: ${chains}`, { timeout: 300_000 }, () => auditOf(chains));
}

/** With a market that has this chain alone. */
function auditOf(chains: 'stark' | 'poseidon'): void {
  let dir = '';
  let store = '';
  let nats: NatsServer;
  let transport: NatsTransport;
  let operator: OperatorClient;
  const services: ServiceProcess[] = [];
  const traders: OrderClient[] = [];
  const open: NatsTransport[] = [];

  const connect = async (user: string) => {
    const connection = await connectNats({ servers: nats.url, name: 'test', user, pass: PASSWORD });
    open.push(connection);
    return connection;
  };
  const trader = async (account: number) => {
    const own = await connect(`trader${account}`);
    const reports = { kind: 'durable', transport: own } as const;
    const client = await OrderClient.open({ transport: own, reports, market: MARKET, account });
    traders.push(client);
    return client;
  };
  const start = async (name: 'market' | 'prover', config: Record<string, unknown>) =>
    services.push(await startService(name, { config, logDir: dir, onTrouble: () => undefined }));
  /** Nobody answers before the prover knows the market. */
  const provedUpTo = (epochs: number) =>
    until(async () => {
      const status = await askProof(transport, MARKET, 1).catch(() => undefined);
      return (status?.epochs ?? 0) >= epochs;
    });
  /** One user's question, kept in a file. */
  const prove = (user: string, account: number, file: string): Promise<Ran> => {
    const who = ['--market', MARKET, '--account', `${account}`, '--nats', nats.url, '--user', user];
    return foldbook('balance', ...who, '--prove', join(dir, file), '--json');
  };
  const verified = async (status: number, ...args: string[]) => {
    const ran = await foldbook('verify', ...args, '--json');
    assert.equal(ran.status, status, ran.stdout + ran.stderr);
    return JSON.parse(ran.stdout);
  };
  const replayed = (status: number, ...log: string[]) =>
    verified(status, '--store', store, '--level', 'replay', ...log);

  before(async () => {
    process.env.FOLDBOOK_PASSWORD = PASSWORD;
    dir = await mkdtemp(join(tmpdir(), 'foldbook-owed-'));
    store = join(dir, 'proofs');
    nats = await startShippedBroker();
    const place = { servers: nats.url } as const;
    await start('market', { broker: { kind: 'nats', ...place, user: 'market' } });
    const source = { kind: 'jetstream', ...place, user: 'prover' };
    await start('prover', { source, dataDir: store, workers: 1, chains });
    transport = await connect('operator');
    operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(100, 500);
    await operator.deposit(7, Asset.BASE, 10n);
    await operator.deposit(8, Asset.QUOTE, 100_000n);
    const [seller, buyer] = [await trader(7), await trader(8)];
    await seller.place({ side: Side.SELL, price: 1_000n, quantity: 4n });
    await buyer.place({ side: Side.BUY, price: 1_000n, quantity: 3n });
    await operator.closeEpoch();
    await provedUpTo(1);
  });

  after(async () => {
    delete process.env.FOLDBOOK_PASSWORD;
    for (const client of traders) await client.close();
    for (const connection of open) await connection.close();
    for (const service of services) await service.stop();
    await nats?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('a trader keeps a proof of its balance, which anybody can check by itself', async () => {
    const kept = await prove('trader7', 7, 'mine.fba');
    assert.equal(kept.status, 0, kept.stderr);
    const file = join(dir, 'mine.fba');
    const proved = await verified(0, '--account', file);
    // What it sold, less 100 ppm of 3,000 as a maker, rounded up.
    const { account, balance, owed, epoch } = proved;
    assert.deepEqual([account, epoch, proved.chain], [7, '0', chains]);
    assert.deepEqual(balance, { base: '7', quote: '2999' });
    assert.deepEqual(owed, { base: '10', quote: '100000' });
    const again = await prove('trader7', 7, 'mine.fba');
    assert.equal(again.status, 2);
    assert.match(again.stderr, /mine\.fba is there already, and a proof is evidence: name another/);
    const inChain = await verified(0, '--account', file, '--store', store);
    assert(inChain.shown.includes("its root is the chain's, and its last"));
  });

  it('an account without anything is owed nothing, and that is proved too', async () => {
    assert.equal((await prove('operator', 9, 'nothing.fba')).status, 0);
    const { account, balance } = await verified(0, '--account', join(dir, 'nothing.fba'));
    assert.deepEqual([account, balance], [9, { base: '0', quote: '0' }]);
  });

  it("another trader's balance is refused", async () => {
    const { status, stderr } = await prove('trader7', 8, 'theirs.fba');
    assert.notEqual(status, 0);
    assert.match(
      stderr,
      /^foldbook: REFUSED: .* does not let this user publish to owed\.BTC-USD\.8/,
    );
    assert(!(await readdir(dir)).includes('theirs.fba'));
  });

  it('after the next epoch the old proof still holds, and is not the latest', async () => {
    await operator.withdraw(7, Asset.BASE, 2n);
    await operator.closeEpoch();
    await provedUpTo(2);
    const old = await verified(0, '--account', join(dir, 'mine.fba'), '--store', store);
    assert(old.shown.includes("its root is the chain's"));
    assert(old.notShown.some((line: string) => line.startsWith('that it is the latest root')));
    assert.equal((await prove('trader7', 7, 'newer.fba')).status, 0);
    const newer = await verified(0, '--account', join(dir, 'newer.fba'), '--store', store);
    assert.deepEqual([newer.balance.base, newer.epoch, newer.owed.base], ['5', '1', '8']);
    assert(newer.shown.includes("its root is the chain's, and its last"));
  });

  // The log is the same whatever proves what comes of it.
  if (chains === 'poseidon') return;

  it("an auditor executes the broker's log again, and it is what was proved", async () => {
    const result = await replayed(0, '--nats', nats.url, '--user', 'auditor');
    assert.deepEqual([result.ok, result.level, result.epochs], [true, 'replay', 2]);
    assert(result.replay.commands >= 8 && result.replay.groups >= 1);
    assert(result.shown.some((line: string) => line.includes('price-time priority')));
    const words = ['--level', 'replay', '--nats', nats.url, '--user', 'auditor'];
    const { stdout } = await foldbook('verify', '--store', store, ...words, '--epochs', '0');
    assert.match(stdout, /^VERIFIED: BTC-USD, 1 epoch, .* level replay/);
    assert.match(stdout, /\n {2}replayed \d+ commands in \d+ groups, [\d,]+ a second\n/);
    const trader7 = await foldbook('verify', '--store', store, ...words.with(-1, 'trader7'));
    assert.equal(trader7.status, 2, 'who may not read the log has shown nothing');
    assert.match(trader7.stderr, /^foldbook: .* does not let this user publish to .*LOG_0/);
  });

  it('a copy of the log is as good, and one that was altered or cut is not', async () => {
    const from = new JetStreamStore(await connect('auditor'));
    const copy = async (name: string, change: (payload: Uint8Array, n: number) => boolean) => {
      const to = new SegmentStore({ dir: join(dir, name) });
      const writer = await to.writer('LOG_0', ['log.>']);
      const last = await from.reader('LOG_0').lastSequence();
      for (let sequence = 1; sequence <= last; sequence += 1) {
        const record = await from.reader('LOG_0').firstFrom(sequence, '>');
        assert(record);
        const payload = new Uint8Array(record.payload);
        if (!change(payload, sequence)) continue;
        await writer.append(record.subject, payload);
      }
      await to.close();
      return join(dir, name, 'LOG_0');
    };
    const isOrder = (payload: Uint8Array) => payload[64] === 1 && payload[3] === 2;
    const whole = await copy('whole', () => true);
    const result = await replayed(0, '--log', whole);
    assert.equal(result.replay.commands > 0, true);
    const other = await copy('other', (payload) => {
      // Of the first order, its quantity.
      if (isOrder(payload)) payload.fill(2, 64 + 40, 64 + 41);
      return true;
    });
    const failure = async (log: string) => (await replayed(1, '--log', log)).firstFailure;
    const { epoch, part, code } = await failure(other);
    assert.deepEqual([epoch, part, code], [0, 'log', 'LOG_DIFFERS']);
    const cut = await copy('cut', (_, sequence) => sequence < 5);
    assert.deepEqual((await failure(cut)).code, 'LOG_MISSING');
    const hidden = join(dir, 'hidden');
    await cp(store, hidden, { recursive: true });
    for (const ending of ['fbr', 'fbd']) {
      await rm(join(hidden, MARKET, 'epochs', `00000000.${ending}`));
    }
    const without = await verified(0, '--store', hidden, '--level', 'replay', '--log', whole);
    assert.equal(without.level, 'replay', 'the log has the records');
  });

  it('a log that is not there, or of another partition, shows nothing to be wrong', async () => {
    const own = ['--nats', nats.url, '--user', 'auditor'];
    const nothing = await copyOfNothing();
    for (const [log, words] of [
      [['--log', join(dir, 'none', 'LOG_0')], /LOG_0: NO_STREAM: /],
      [['--log', dirname(nothing)], /others holds logs: name one, .*others\/LOG_0$/m],
      [['--log', nothing], /LOG_0 has no record of BTC-USD: name the log of its partition/],
      [[...own, '--partition', '3'], /^foldbook: .* does not let this user publish to .*LOG_3/],
    ] as const) {
      const args = ['--store', store, '--level', 'replay', ...log];
      const { status, stdout, stderr } = await foldbook('verify', ...args);
      assert.deepEqual([status, stdout], [2, ''], stderr);
      assert.match(stderr, words);
    }
  });

  /** A log of another market. */
  async function copyOfNothing(): Promise<string> {
    const to = new SegmentStore({ dir: join(dir, 'others') });
    const writer = await to.writer('LOG_0', ['log.>']);
    await writer.append('log.0.ETH-USD', new Uint8Array(64));
    await to.close();
    return join(dir, 'others', 'LOG_0');
  }

  it('asks for the log, and for no log at other levels', async () => {
    const nothing = await foldbook('verify', '--store', store, '--level', 'replay');
    assert.equal(nothing.status, 2);
    assert.match(nothing.stderr, /name it with --log or --nats/);
    const other = await foldbook('verify', '--store', store, '--log', dir);
    assert.match(other.stderr, /--log is about the log, for --level replay/);
    const unknown = await foldbook('verify', '--store', store, '--level', 'matching');
    assert.match(unknown.stderr, /there are settlement, data, replay/);
  });
}
