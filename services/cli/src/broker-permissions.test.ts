/** The broker configuration that ships: who may do what, tried against a real server. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClientError, OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, commandSubject, Side } from '@foldbook/protocol';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';
import { type ServiceProcess, startService } from './service-process.ts';

const CONFIG = new URL('../../../infra/docker/nats.conf', import.meta.url);
const MARKET = 'BTC-USD';
const PASSWORD = 'password-of-this-test';

/** The file without its addresses and folders, which the test server has of its own. */
async function shippedRules(): Promise<string> {
  const text = await readFile(CONFIG, 'utf8');
  const rules = text.slice(text.indexOf('mappings:'));
  return rules.replaceAll(/\$[A-Z0-9]+_PASSWORD/g, `"${PASSWORD}"`);
}

describe('the broker configuration that ships', { timeout: 60_000 }, () => {
  let dir = '';
  let nats: NatsServer;
  let market: ServiceProcess;
  const open: NatsTransport[] = [];
  const connect = async (user: string) => {
    const transport = await connectNats({ servers: nats.url, name: 'test', user, pass: PASSWORD });
    open.push(transport);
    return transport;
  };
  const trader = (transport: NatsTransport, account: number) =>
    OrderClient.open({
      transport,
      reports: { kind: 'durable', transport },
      market: MARKET,
      account,
    });
  const isRefused = (error: unknown) => error instanceof ClientError && error.code === 'REFUSED';

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-permissions-'));
    nats = await startNatsServer({ config: await shippedRules() });
    market = await startService('market', {
      config: { broker: { kind: 'nats', servers: nats.url, user: 'market', pass: PASSWORD } },
      logDir: dir,
      onTrouble: () => undefined,
    });
    const operator = new OperatorClient(await connect('operator'), MARKET);
    await operator.createMarket(0, 0);
    for (const account of [7, 8]) await operator.deposit(account, Asset.BASE, 100n);
  });

  after(async () => {
    for (const transport of open) await transport.close();
    await market.stop();
    await nats.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('lets a trader trade for its own account, through the mapped subject', async () => {
    const client = await trader(await connect('trader7'), 7);
    const answer = await client.place({ side: Side.SELL, price: 100n, quantity: 5n });
    assert.equal(answer.type, 'accepted');
    await client.close();
  });

  it('keeps a trader from the commands, reports and balance of another', async () => {
    const transport = await connect('trader7');
    const place = transport.request(commandSubject(MARKET, 8), new Uint8Array(1), 1_000);
    await assert.rejects(place, { code: 'NOT_PERMITTED' });
    const mapped = transport.request(`in.0.${MARKET}.8`, new Uint8Array(1), 1_000);
    await assert.rejects(mapped, { code: 'NOT_PERMITTED' });
    await assert.rejects(transport.request(`qry.${MARKET}.8`, new Uint8Array(0), 1_000), {
      code: 'NOT_PERMITTED',
    });
    const client = await trader(transport, 8);
    await assert.rejects(client.place({ side: Side.SELL, price: 100n, quantity: 5n }), (error) => {
      assert(error instanceof ClientError);
      assert.match(error.message, /does not let this user/);
      return true;
    });
    await client.close();
  });

  it('keeps a trader from administration', async () => {
    const operator = new OperatorClient(await connect('trader7'), MARKET);
    await assert.rejects(operator.deposit(7, Asset.BASE, 1_000_000n), isRefused);
  });

  it('refuses who has no password', async () => {
    await assert.rejects(connectNats({ servers: nats.url, name: 'test' }), {
      code: 'CONNECT_FAILED',
    });
  });
});
