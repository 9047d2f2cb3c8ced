/** Everyday and operators' commands, all of them, as a user runs them against a real node. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeProofStatus, proofSubject, proofsSubject } from '@foldbook/protocol';
import { connectNats } from '@foldbook/runtime';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';
import { type ServiceProcess, startService } from './service-process.ts';
import { until } from './testing/until.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const MARKET = 'BTC-USD';
/** An epoch as its prover tells of it. */
const PROVED = {
  ...{ epoch: 0, recordCount: 1, sequenceFirst: 1 },
  ...{ headerHash: '00'.repeat(32), rootNew: '00'.repeat(32) },
  ...{ level: 'settlement', path: 'X/0' },
};

type Line = Readonly<Record<string, unknown>>;

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('everyday commands', { timeout: 240_000 }, () => {
  let dir = '';
  let nats: NatsServer;
  let market: ServiceProcess;

  /** `market` is what follows on the line: the option, or nothing. */
  const foldbook = (line: string, input = '', market = ['--market', MARKET]) =>
    new Promise<Ended>((resolve) => {
      const args = [MAIN, ...line.split(' '), '--nats', nats.url, ...market];
      const child = execFile(process.execPath, args, (_, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, stdout, stderr }),
      );
      child.stdin?.end(input);
    });
  /** The objects that a command prints; it must end with `status`. */
  const json = async (line: string, status = 0, input = ''): Promise<Line[]> => {
    const ended = await foldbook(`${line} --json`, input);
    assert.equal(ended.status, status, `${line}: ${ended.stdout}${ended.stderr}`);
    return ended.stdout
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text));
  };
  const types = (lines: readonly Line[]) => lines.map(({ type }) => type);
  /** What the market said, of a command that is refused. */
  const rejection = async (line: string) => (await json(line, 1)).at(-1)?.name;
  const openIds = async (account: number) =>
    (await json(`orders --account ${account}`)).map(({ clientOrderId }) => clientOrderId);

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-everyday-'));
    nats = await startNatsServer();
    market = await startService('market', {
      config: {
        broker: { kind: 'nats', servers: nats.url },
        hosts: 2,
        receipts: { keyFile: join(dir, 'receipt.key') },
      },
      logDir: dir,
      onTrouble: () => undefined,
    });
    const rates = '--maker-ppm 0 --taker-ppm 100 --max-fee-ppm 500';
    const [created] = await json(
      `market create ${rates} --base-symbol BTC --quote-symbol USD ` +
        '--price-decimals 2 --quantity-decimals 6',
    );
    assert.deepEqual(
      [created?.type, created?.takerFeePpm, created?.maxFeePpm, created?.baseSymbol],
      ['market-created', 100, 500, 'BTC'],
    );
    assert.deepEqual(
      [created?.quoteSymbol, created?.priceDecimals, created?.quantityDecimals],
      ['USD', 2, 6],
    );
    for (const account of [7, 8]) {
      for (const asset of ['base', 'quote']) {
        await json(`deposit ${asset} 1000000 --account ${account}`);
      }
    }
  });
  after(async () => {
    await market?.stop();
    await nats?.close();
    if (dir !== '') await rm(dir, { recursive: true, force: true });
  });

  it('keeps a receipt of an order, and holds it against the log of the broker', async () => {
    const file = join(dir, 'receipts.jsonl');
    const [told] = await json('market show');
    assert.match(String(told?.receiptKey), /^[0-9a-f]{64}$/);
    // Rejected as it is, it is in the log.
    const order = `order buy 5 100 --account 9 --receipts ${file}`;
    for (const run of [1, 2]) assert.equal((await json(order, 1)).length, 1, `run ${run}`);
    const lines = await json(`dispute ${file}`);
    const verdicts = lines.map(({ verdict, words }) => [verdict, words]);
    const fits = ['not-covered', 'the log has its group; no signed epoch reaches it'];
    assert.deepEqual(verdicts.slice(0, 2), [fits, fits]);
    assert.equal(lines[0]?.key, told?.receiptKey);
    assert.equal(lines[2]?.ok, true);
  });

  it('orders of every type: what they do, and how they are listed', async () => {
    const iceberg = await json('order sell 20 100 --display 5 --account 7 --id 1');
    assert.deepEqual(types(iceberg), ['accepted']);
    const bought = await json('order buy 7 --type market --protect 110 --account 8');
    assert.deepEqual(types(bought), ['accepted', 'fill', 'fee', 'fill', 'fee']);
    assert.deepEqual([bought[0]?.orderType, bought[0]?.timeInForce], ['market', 'ioc']);
    assert.deepEqual([bought[1]?.quantity, bought[3]?.quantity], ['5', '2']);
    assert.equal(await rejection('order buy 50 100 --time fok --account 8'), 'CANNOT_FILL');
    assert.equal(await rejection('order buy 1 100 --post-only --account 8'), 'WOULD_CROSS');
    const [slid] = await json('order buy 1 105 --post-only slide --account 8 --id 2');
    assert.deepEqual([slid?.price, slid?.timeInForce, slid?.slide], ['99', 'post_only', true]);
    const until = '2099-01-01T00:00:00Z';
    const [good] = await json(`order buy 1 90 --expire ${until} --post-only --account 8 --id 3`);
    assert.deepEqual([good?.timeInForce, good?.postOnly], ['gtt', true]);
    assert.equal(good?.expireTime, Date.parse(until) / 1_000);
    await json('order sell 3 --type stop --stop 80 --protect 70 --account 8 --id 4');
    await json('order sell 3 75 --type stop-limit --stop 80 --account 8 --id 5');
    const own = '--self-trade expire-taker --time ioc --account 8';
    assert.deepEqual(types(await json(`order sell 1 99 ${own}`)), ['accepted', 'cancelled']);

    const listed = await json('orders --account 8');
    assert.deepEqual(
      listed.map((one) => [one.clientOrderId, one.orderType, one.stopPrice, one.displayed]),
      [
        ['2', 'limit', '0', '1'],
        ['3', 'limit', '0', '1'],
        ['4', 'stop', '80', '0'],
        ['5', 'stop_limit', '80', '0'],
      ],
    );
    const table = await foldbook('orders --account 8 --side sell');
    assert.match(table.stdout, /^order +client order id +side +type +quantity +shown +price +stop/);
    assert.match(table.stdout, /\n\d+ +4 +sell +stop +3 +0 +70 +80 +ioc\n/);
    assert.equal(table.stdout.trim().split('\n').length, 3);
    const iceLeft = (await json('orders --account 7'))[0];
    assert.deepEqual([iceLeft?.quantity, iceLeft?.displayed], ['13', '3']);
  });

  it('changes in place and not, and every way to cancel', async () => {
    const [fewer] = await json('amend 1 -3 --account 7');
    assert.deepEqual([fewer?.type, fewer?.keptPriority, fewer?.quantity], ['replaced', true, '10']);
    const [more] = await json('amend 1 +5 --account 7');
    assert.deepEqual([more?.keptPriority, more?.quantity], [false, '15']);
    const [kept] = await json('replace 1 8 100 --display 5 --keep-priority --account 7');
    assert.deepEqual([kept?.keptPriority, kept?.orderId], [true, more?.orderId]);
    const [moved] = await json('replace 1 8 101 --display 2 --account 7');
    assert.deepEqual([moved?.keptPriority, moved?.price], [false, '101']);
    const [gone] = await json(`cancel --order ${moved?.orderId} --account 7`);
    assert.deepEqual([gone?.type, gone?.clientOrderId, gone?.quantity], ['cancelled', '1', '8']);
    assert.equal(await rejection('cancel 1 --account 7'), 'UNKNOWN_ORDER');
    assert.equal(await rejection('amend 1 5 --account 7'), 'UNKNOWN_ORDER');

    const sells = await json('cancel --all --side sell --account 8');
    assert.deepEqual(types(sells), ['cancelled', 'cancelled', 'all-cancelled']);
    assert.deepEqual([sells.at(-1)?.count, sells.at(-1)?.side], [2, 'sell']);
    assert.deepEqual(await openIds(8), ['2', '3']);
    assert.deepEqual(types(await json('cancel 2 --account 8')), ['cancelled']);
    assert.equal((await json('cancel --all --account 8')).at(-1)?.count, 1);
    assert.equal((await json('cancel --all --account 8')).at(-1)?.count, 0);
    const none = await foldbook('orders --account 8');
    assert.equal(none.stdout, 'account 8 has no open orders\n');
  });

  it('waits as long as it is told to, and tells what became of a request', async (test) => {
    const order = 'order buy 1 1 --account 7';
    const [received] = await json(`${order} --wait received`);
    assert.equal(received?.type, 'received');
    const which = `--session ${received?.session} --account 7`;
    // The log has it; when it has executed is the market's.
    const request = Number(received?.requestId);
    let [outcome] = await json(`outcome ${which} --request ${request}`);
    assert.deepEqual([outcome?.outcome, outcome?.name], ['executed', 'OK']);
    [outcome] = await json(`outcome ${which} --request ${request - 1}`, 1);
    assert.equal(outcome?.outcome, 'superseded');
    [outcome] = await json(`outcome ${which} --request ${request + 1}`, 1);
    assert.deepEqual([outcome?.outcome, outcome?.pending], ['not_seen', 0]);
    assert.equal(outcome?.lastRequestId, `${request}`);
    const told = await foldbook(`outcome ${which} --request ${request + 1}`);
    assert.match(told.stdout, /^not_seen: .*\nlog: JetStream/);
    assert.match((await foldbook(`${order} --wait soon`)).stderr, /use received, executed, proved/);

    const prover = await connectNats({ servers: nats.url, name: 'test' });
    test.after(() => prover.close());
    const asked: number[] = [];
    prover.subscribe(proofsSubject(MARKET), ({ payload, reply }) => {
      const { sequence } = JSON.parse(Buffer.from(payload).toString());
      asked.push(sequence);
      const isProved = asked.length > 1;
      const status = {
        ...{ market: MARKET, epochs: 0, provedTo: 0, recordsBacklog: 5 },
        ...{ devKeys: true, stopped: null },
        proof: isProved ? { ...PROVED, sequenceLast: sequence } : null,
      };
      prover.publish(reply ?? '', encodeProofStatus(status));
      if (!isProved) prover.publish(proofSubject(MARKET, 0), Buffer.from('{}'));
    });
    await prover.flush();
    const lines = await json(`${order} --wait proved`);
    assert.deepEqual(types(lines), ['accepted', 'proved']);
    assert.equal(lines[1]?.devKeys, true);
    assert.deepEqual(asked, [lines[0]?.sequence, lines[0]?.sequence]);
    assert.match(`${lines[0]?.durability}`, /^JetStream/);
    await json('cancel --all --account 7');
  });

  it('quotes from arguments and from standard input, and a timer', async () => {
    const placed = await json('quote 1:buy:5:95 2:sell:5:105 --post-only --account 7');
    assert.deepEqual(types(placed), ['accepted', 'accepted']);
    // Back to back: one message is one group.
    assert.equal(Number(placed[1]?.sequence), Number(placed[0]?.sequence) + 1);
    const lines = '# both sides\n1 buy 3 95   # in its place\n\n2:sell:5:94\n3 off\n';
    const quoted = await json('quote - --post-only --account 7', 1, lines);
    assert.deepEqual(types(quoted), ['replaced', 'rejected', 'rejected']);
    assert.equal(quoted[0]?.keptPriority, true);
    assert.deepEqual([quoted[1]?.name, quoted[2]?.name], ['WOULD_CROSS', 'UNKNOWN_ORDER']);
    assert.deepEqual(await openIds(7), ['1', '2']);
    assert.deepEqual(types(await json('quote 2:off --account 7')), ['cancelled']);
    // Both sides move up, the bid to where the offer still is.
    await json('quote 11:buy:1:110 12:sell:1:112 --account 7');
    const moved = await json('quote 11:buy:1:112 12:sell:1:114 --account 7');
    assert.deepEqual(types(moved), ['replaced', 'cancelled', 'accepted']);
    await json('quote 11:off 12:off --account 7');
    const [set] = await json('cancel-after 3600 --account 7');
    assert.equal(set?.type, 'cancel-after-set');
    assert.notEqual(set?.deadlineNs, '0');
    assert.equal((await json('cancel-after off --account 7'))[0]?.deadlineNs, '0');
  });

  it('rates, tiers, limits, states, purge, epochs', async () => {
    const [fees] = await json('market set-fees --tier 1 --maker-ppm 0 --taker-ppm 500');
    assert.deepEqual([fees?.type, fees?.tier, fees?.takerFeePpm], ['fees-changed', 1, 500]);
    const above = 'market set-fees --tier 1 --maker-ppm 0 --taker-ppm 501';
    assert.equal(await rejection(above), 'INVALID_FEES');
    assert.equal((await json('market set-tier --account 8 --tier 1'))[0]?.tier, 1);
    const [limits] = await json('market configure --max-quantity 10 --band-ppm 500000');
    assert.deepEqual([limits?.maxQuantity, limits?.bandPpm], ['10', 500_000]);
    assert.equal(await rejection('order buy 11 95 --account 8'), 'QUANTITY_LIMIT');
    assert.equal(await rejection('order buy 1 20 --account 8'), 'PRICE_BAND');
    const [shown] = await json('market show');
    assert.deepEqual(
      [shown?.market, shown?.state, shown?.baseSymbol, shown?.maxFeePpm, shown?.maxQuantity],
      [MARKET, 'open', 'BTC', 500, 10],
    );
    assert.equal((await json('market configure --band-ppm 0'))[0]?.maxQuantity, '0');

    const unknown = await foldbook('cancel --order 999 --account 7');
    assert.match(
      unknown.stdout,
      /^rejected: UNKNOWN_ORDER \(209\): no live order .* has this id; /,
    );

    assert.equal((await json('market cancel-only'))[0]?.state, 'cancel_only');
    const shut = await foldbook('order buy 1 95 --account 8');
    assert.equal(shut.status, 1);
    assert.match(
      shut.stdout,
      /^rejected: MARKET_CANCEL_ONLY \(221\): .*; see: foldbook help codes/,
    );
    assert.equal((await json('market halt'))[0]?.state, 'halted');
    assert.equal(await rejection('cancel 1 --account 7'), 'MARKET_HALTED');
    assert.equal((await json('market resume'))[0]?.state, 'open');

    await json('order sell 1 200 --account 8');
    assert.equal((await json('market purge --account 7 --side sell'))[0]?.count, 0);
    const [purged] = await json('market purge --everybody');
    assert.deepEqual([purged?.count, purged?.more], [2, false]);
    assert.deepEqual(await openIds(7), []);
    const [taken] = await json('balance --account 1');
    assert(BigInt(`${taken?.quoteAvailable}`) > 1n);
    const [collected] = await json('market collect-fees 1 --account 9');
    assert.deepEqual(
      [collected?.type, collected?.command, collected?.available],
      ['funds', 'collect_fees', '1'],
    );
    const [rest] = await json('market collect-fees all --account 9');
    assert.equal(rest?.available, taken?.quoteAvailable);
    assert.equal(await rejection('market collect-fees 1 --account 9'), 'INSUFFICIENT_FUNDS');
    assert.deepEqual(types(await json('market collect-fees all --account 9')), ['nothing']);
    assert.equal((await json('market close-epoch'))[0]?.type, 'epoch');
    const info = await foldbook('market info');
    assert.match(info.stdout, /^market +BTC-USD\n/m);
    assert.match(info.stdout, /^tier 0 and others +maker 0 ppm, taker 100 ppm\n/m);
    assert.match(info.stdout, /^tier 1 +maker 0 ppm, taker 500 ppm\n/m);
  });

  it('funds go to another market, and what all markets owe adds up', async () => {
    const other = ['--market', 'USD-EUR'];
    const made = 'market create --base-symbol USD --quote-symbol EUR --quantity-decimals 8';
    assert.equal((await foldbook(made, '', other)).status, 0);
    await json('deposit quote 500 --account 12');
    const [paid] = await json('transfer quote 200 --to USD-EUR --account 12 --to-account 13');
    assert.deepEqual([paid?.type, paid?.amount, paid?.available], ['funds', '200', '300']);
    const said = await foldbook('transfer quote 1 --to USD-EUR --account 12');
    assert.match(said.stdout, /available 299, held 0\non its way to account 12 in USD-EUR\n$/);
    assert.equal(
      await rejection('transfer quote 300 --to USD-EUR --account 12'),
      'INSUFFICIENT_FUNDS',
    );
    const wrong = await foldbook('transfer base 1 --to USD-EUR --account 12');
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stderr, /BTC-USD \(USD-EUR does not have BTC in 10\^-6\): OTHER_ASSET/);
    const itself = await foldbook(`transfer base 1 --to ${MARKET} --account 12`);
    assert.match(itself.stderr, /that is the market that pays; name another one/);
    await until(async () => {
      const { stdout } = await foldbook('balance --account 13 --json', '', other);
      return JSON.parse(stdout).baseAvailable === '200';
    });
    const all = await foldbook('supply', '', []);
    assert.equal(all.status, 0, all.stdout + all.stderr);
    assert.match(all.stdout, /^asset +unit +in markets +in flight +deposited +markets\n/);
    assert.match(all.stdout, /^USD +10\^-8 +2000500 +0 +2000500 +2\n/m);
    assert.match(all.stdout, /2 markets: it adds up\n$/);
    const [sums] = (await foldbook('supply USD-EUR --json', '', [])).stdout.split('\n');
    assert.deepEqual(JSON.parse(sums ?? '').markets, ['USD-EUR', MARKET]);
    assert.match((await foldbook('supply --partitions 2', '', [])).stderr, /partition 1 does not/);
  });

  it('a market goes to another host and back, with all that it has', async () => {
    const [before] = await json('market show');
    assert.deepEqual([before?.host, before?.hosts], [0, 2]);
    await json('order buy 2 91 --account 8 --id 91');
    // The clock's own commands go on meanwhile.
    const amounts = async () => {
      const [{ sequence: _, ...rest } = {}] = await json('balance --account 8');
      return rest;
    };
    const balance = await amounts();
    const [moved] = await json('market move --host 1');
    assert.deepEqual([moved?.market, moved?.from, moved?.host, moved?.held], [MARKET, 0, 1, 0]);
    assert(Number(moved?.tookMs) > 0);
    const [there] = await json('market show');
    assert.deepEqual([there?.host, there?.state], [1, 'open']);
    assert.deepEqual(await amounts(), balance);
    assert.deepEqual(await openIds(8), ['91']);
    const sold = await json('order sell 2 91 --account 7');
    assert.deepEqual(types(sold), ['accepted', 'fill', 'fee']);

    const again = await foldbook('market move --host 1');
    assert.deepEqual([again.status, again.stdout], [0, `${MARKET} is on host 1 already\n`]);
    const back = await foldbook('market move --host 0');
    assert.match(back.stdout, /^BTC-USD moved from host 1 to host 0 in \d+\.\d\d ms; 0 groups of/);
    assert.match((await foldbook('market show')).stdout, /^host +0\n/m);
    const none = await foldbook('market move --host 2');
    assert.notEqual(none.status, 0);
    assert.match(none.stderr, /host: there are 2, from 0/);
    assert.equal(none.stderr.trim().split('\n').length, 1);
  });
});
