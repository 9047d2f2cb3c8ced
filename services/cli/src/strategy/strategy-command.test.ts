/** A strategy on a real node: the file that a backtest runs, as a user starts it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';
import { type ServiceProcess, startService } from '../service-process.ts';
import { foldbook } from '../testing/foldbook.ts';

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const MAIN = fileOf('../main.ts');
const QUOTING = fileOf('../../../../docs/examples/quoting-strategy.ts');
const HISTORY = fileURLToPath(import.meta.resolve('@foldbook/history'));
const MARKET = 'BTC-USD';

type Line = Readonly<Record<string, unknown>>;

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Resolves with what the process wrote, once that has a line like this. */
function said(process: ChildProcess, words: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    process.stdout?.on('data', (chunk) => {
      text += chunk;
      if (words.test(text)) resolve(text);
    });
    process.once('exit', () => reject(new Error(`it ended, and said: ${text}`)));
  });
}

describe('a strategy, live', { timeout: 120_000 }, () => {
  let dir = '';
  let nats: NatsServer;
  let market: ServiceProcess;

  const place = () => ['--nats', nats.url, '--market', MARKET];
  const json = async (line: string): Promise<Line[]> => {
    const { status, stdout, stderr } = await foldbook(...line.split(' '), ...place(), '--json');
    assert.equal(status, 0, `${line}: ${stdout}${stderr}`);
    return linesOf(stdout);
  };
  const run = (file: string, ...args: string[]) =>
    spawn(process.execPath, [MAIN, 'strategy', file, '--account', '9', ...place(), ...args]);

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-strategy-'));
    nats = await startNatsServer();
    const config = { broker: { kind: 'nats', servers: nats.url } };
    market = await startService('market', { config, logDir: dir, onTrouble: () => undefined });
    await json(
      'market create --maker-ppm -1000 --taker-ppm 2000 --price-decimals 2 --quantity-decimals 3',
    );
    for (const account of [8, 9]) {
      for (const asset of ['base', 'quote']) {
        await json(`deposit ${asset} 1000000 --account ${account}`);
      }
    }
    await json('order buy 5 9900 --account 8');
    await json('order sell 5 10100 --account 8');
  });
  after(async () => {
    await market?.stop();
    await nats?.close();
    if (dir !== '') await rm(dir, { recursive: true, force: true });
  });

  it('quotes, is filled, and takes its orders away at the end', async () => {
    const live = run(QUOTING);
    await said(live, /account 9 runs/);
    // Its bid stands behind the other one.
    const sold = said(live, /bought 0\.001 at 99 as maker/);
    for (let open = 0; open < 2; ) open = (await json('orders --account 9')).length;
    await json('order sell 6 9900 --time ioc --account 8');
    await sold;
    const exited = once(live, 'exit');
    const told = said(live, /profit/);
    live.kill('SIGINT');
    const [words] = await Promise.all([told, exited]);
    // Nobody bids any more: it is worth what it cost. Of the fill's 9,900 a thousandth comes back.
    assert.match(words, /1 fill, position 0\.001, profit 0\.00009, fees -0\.00009\n/);
    assert.match(words, /\{"held":1\}/);
    assert.deepEqual([await exited, await json('orders --account 9')], [[0, null], []]);
  });

  it('says what the strategy failed with, and leaves no order', async () => {
    const path = join(dir, 'failing.ts');
    const text = `import { defineStrategy } from ${JSON.stringify(HISTORY)};
export default defineStrategy({
  start: ({ orders }) => ({
    onBlock() { orders.place({ instrument: 0, side: 'buy', price: 9_000, quantity: 1 }); },
    onOrder({ type }) { if (type === 'accepted') throw new Error('no more of this'); },
  }),
});
`;
    await writeFile(path, text);
    const { status, stderr } = await foldbook('strategy', path, '--account', '9', ...place());
    assert.equal(status, 1);
    assert.match(stderr, /STRATEGY_FAILED: .*failing\.ts, report of order \d+: .*no more of this/);
    assert.deepEqual(await json('orders --account 9'), []);
  });

  it('ends by itself, and says what it came to as JSON', async () => {
    const line = `strategy ${QUOTING} --account 9 --seconds 1`;
    const [{ orders, market: name, result } = {}] = await json(line);
    assert.deepEqual([name, result], [MARKET, { held: 0 }]);
    assert.ok(Number(orders) >= 1);
  });
});
