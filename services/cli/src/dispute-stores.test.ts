/** `dispute --other-store`: two chains of epochs of one market. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkEvidence } from '@foldbook/verifier';
import { ChainBuilder, type Cheats, filled, trades } from '@foldbook/verifier/testing';
import { foldbook } from './testing/foldbook.ts';

const MARKET = 'BTC-USD';
/** What is not proved and only signed: the log's head. */
const OTHER_LOG: Cheats = {
  header: (header) => {
    header.logHeadEnd = filled(9);
  },
};

describe('two proof stores', { timeout: 120_000 }, () => {
  let dir = '';
  const operatorKey = () => new ChainBuilder().genesis.operatorKey;

  /** A store with an epoch for each of these, made by the operator of all of them. */
  const makeStore = async (name: string, epochs: readonly Cheats[], nonce = filled(1)) => {
    const chain = new ChainBuilder({ name: MARKET, genesis: { nonce } });
    for (const cheats of epochs) chain.addEpoch(trades(3), cheats);
    for (const [file, bytes] of chain.files) {
      const target = join(dir, name, MARKET, file);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, bytes);
    }
    return join(dir, name);
  };
  const compare = async (status: number, ...stores: readonly [string, string]) => {
    const args = ['--store', stores[0], '--other-store', stores[1], '--market', MARKET];
    const out = ['--out', join(dir, 'evidence'), '--json'];
    const ran = await foldbook('dispute', ...args, ...out);
    assert.equal(ran.status, status, ran.stderr);
    return status === 2 ? { words: ran.stderr, evidence: null } : JSON.parse(ran.stdout);
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-stores-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('of one chain are the same, up to where one of them ends', async () => {
    const whole = await makeStore('whole', [{}, {}]);
    assert.deepEqual(await compare(0, whole, whole), { ok: true });
    const short = await makeStore('short', [{}]);
    for (const pair of [
      [whole, short],
      [short, whole],
    ] as const) {
      const told = await compare(1, ...pair);
      assert.match(told.words, /agree in 1 epochs, and one has more/);
      assert.deepEqual([told.at, told.evidence], [null, null]);
    }
  });

  it('with two signed headers of one epoch are evidence against who signed both', async () => {
    const told = await makeStore('told', [{}, {}]);
    const kept = await makeStore('kept', [{}, OTHER_LOG]);
    const { at, evidence } = await compare(1, told, kept);
    assert.equal(at, 1);
    const checked = checkEvidence(await readFile(evidence, 'utf8'), { operatorKey: operatorKey() });
    assert(checked.ok);
    assert.deepEqual([checked.kind, checked.market], ['headers', MARKET]);
  });

  it('of two chains, or of none, are told apart from that', async () => {
    const one = await makeStore('one', [{}]);
    const anew = await makeStore('anew', [{}], filled(2));
    const told = await compare(1, one, anew);
    assert.match(told.words, /two chains/);
    assert.equal(told.evidence, null);
    assert.match((await compare(2, one, join(dir, 'nowhere'))).words, /no genesis/);
  });
});
