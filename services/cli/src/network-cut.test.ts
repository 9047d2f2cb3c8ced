/**
 * Three brokers, two market services and their traders on hosts of their own, some of which do not
 * hear others any more: who is cut off acknowledges nothing, the other one takes over, and when all
 * hear each other again nothing is lost, and nothing of the former owner counts.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logStream } from '@foldbook/protocol';
import { withEvidence } from './check/evidence.ts';
import type { MarketProcess } from './check/market-process.ts';
import { Venue } from './check/venue.ts';
import { createOutput } from './output.ts';
import { type NetworkHost, NetworkHosts } from './testing/network-hosts.ts';
import { until } from './testing/until.ts';

const LIMIT = { timeout: 120_000 };
const SERVERS = 3;
const LEASE_MS = 1_500;
const RESUME_WITHIN_MS = 30_000;
const CLEAR = /can't go on: .*('s with term|another (process|writer))/;

interface Scene {
  readonly network: NetworkHosts;
  readonly venue: Venue;
  readonly serving: MarketProcess;
  /** Its term. */
  readonly term: number;
  /** Of the one that serves. */
  readonly own: NetworkHost;
  /** Of the other one. */
  readonly other: NetworkHost;
  readonly brokers: readonly NetworkHost[];
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  const network = await NetworkHosts.create(SERVERS + 2);
  const brokers = network.hosts.slice(0, SERVERS);
  const markets = network.hosts.slice(SERVERS);
  const output = createOutput(true);
  const { signal } = new AbortController();
  const common = { servers: SERVERS, leaseMs: LEASE_MS, isApart: true, output, signal };
  try {
    await withEvidence(async (folder) => {
      const options = { ...common, folder, hosts: { servers: brokers, markets } };
      await Venue.with(options, async (venue) => {
        const { serving } = await venue.pair.roles();
        const { term } = await venue.pair.owner();
        const [first, second] = markets;
        assert(first && second);
        const isFirst = serving.node === 'node-1';
        const [own, other] = isFirst ? [first, second] : [second, first];
        await use({ network, venue, serving, term, own, other, brokers });
      });
      return 0;
    });
  } finally {
    await network.close();
  }
}

/** All is whole again: the former owner ends by itself, and everything is as the log says. */
async function expectWhole({ network, venue, serving }: Scene): Promise<void> {
  assert.match(serving.log(), /the lease was not renewed; trying to have it again/);
  network.heal();
  assert.equal((await serving.exited).status, 1);
  assert.match(serving.log(), CLEAR);
  await venue.pair.complete();
  await venue.cluster.current();
  await venue.prober.resumed(RESUME_WITHIN_MS);
  const { accepted, terms, failures } = await venue.judge();
  assert.deepEqual(failures, []);
  assert(terms >= 2 && accepted > 0);
}

async function expectTakeOver({ venue, serving, term }: Scene): Promise<void> {
  const stopProbing = venue.prober.keepOn();
  await venue.prober.resumed(RESUME_WITHIN_MS);
  stopProbing();
  const owner = await venue.pair.owner();
  assert(owner.term > term && owner.node !== serving.node);
}

const unavailable = NetworkHosts.unavailable();
describe('a network that is cut', { skip: unavailable ?? false }, () => {
  it('takes the owner and the broker that leads from all others', LIMIT, () =>
    withScene(async (scene) => {
      const { network, venue, own, other, brokers } = scene;
      const { transport, cluster } = venue;
      // The one that this process asks stays with the others.
      const asked = transport.connection.getServer().split(':')[0];
      const leader = await ledByAnother(scene, asked);
      const lost = brokers.filter((_, number) => number === leader);
      const kept = brokers.filter((_, number) => number !== leader);
      network.cut([own, ...lost], [other, ...kept]);
      await expectTakeOver(scene);
      assert.notEqual(await cluster.leaderOf(logStream(0)), undefined);
      await expectWhole(scene);
    }),
  );

  it('lets the owner send, and not hear', LIMIT, () =>
    withScene(async (scene) => {
      const { network, own, other, brokers } = scene;
      network.silence([...brokers, other], [own]);
      await expectTakeOver(scene);
      await expectWhole(scene);
    }),
  );
});

/** The server that leads the log, which is made to be another than the one at that address. */
async function ledByAnother({ venue, brokers }: Scene, address?: string): Promise<number> {
  const { cluster, transport } = venue;
  const stream = logStream(0);
  let leader: number | undefined;
  await until(async () => {
    leader = await cluster.leaderOf(stream);
    if (leader === undefined) return false;
    if (brokers[leader]?.address !== address) return true;
    const subject = `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`;
    await transport.request(subject, new Uint8Array(), 2_000).catch(() => undefined);
    return false;
  });
  assert(leader !== undefined);
  return leader;
}
