import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createNaiveEngine } from '@foldbook/engine';
import {
  Asset,
  type Command,
  CommandKind,
  encodeRecords,
  MAX_PRICE,
  ORDER_TYPE_NAMES,
  OrderFlag,
  OrderType,
  RECORD_BYTES,
  ResultCode,
  readEvent,
  SelfTrade,
  Side,
  TIME_IN_FORCE_NAMES,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import { parseArguments } from './arguments.ts';
import { UsageError } from './cli-error.ts';
import { readOrder, TERM_OPTIONS, TERM_WORDS } from './order-terms.ts';

const NOW_MS = Date.parse('2030-01-01T00:00:00Z');
const RULES = { name: 'order', takes: ['PRICE'], options: TERM_OPTIONS, wordOptions: TERM_WORDS };

/** An order of `quantity` lots from what stands behind `order buy QUANTITY`. */
function read(line: string, quantity = 5n) {
  const args = line.split(' ').filter((arg) => arg !== '');
  const { values, positionals } = parseArguments(RULES, args);
  const text = (name: string) => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return readOrder({ text }, quantity, positionals[0], NOW_MS);
}

function refusal(line: string, quantity?: bigint): string {
  try {
    read(line, quantity);
  } catch (error) {
    assert(error instanceof UsageError, String(error));
    assert(!error.message.includes('\n'), 'one line');
    return error.message;
  }
  return assert.fail(`"${line}" was taken`);
}

const PLAIN: ReturnType<typeof read> = {
  orderType: OrderType.LIMIT,
  price: 100n,
  quantity: 5n,
  timeInForce: TimeInForce.GTC,
  flags: 0,
  stopPrice: 0n,
  expireTime: 0,
  displayQuantity: 0n,
  selfTrade: SelfTrade.NONE,
};

describe('terms of an order', () => {
  it('of each type, with what is usual for it', () => {
    assert.deepEqual(read('100'), PLAIN);
    const { MARKET, STOP, STOP_LIMIT } = OrderType;
    const ioc = { ...PLAIN, timeInForce: TimeInForce.IOC };
    assert.deepEqual(read('--type market --protect 100'), { ...ioc, orderType: MARKET });
    const stop = { ...ioc, orderType: STOP, stopPrice: 90n };
    assert.deepEqual(read('--type stop --stop 90 --protect 100'), stop);
    const stopLimit = { ...PLAIN, orderType: STOP_LIMIT, stopPrice: 90n };
    for (const type of ['stop-limit', 'stop_limit']) {
      assert.deepEqual(read(`--type ${type} --stop 90 100`), stopLimit);
    }
  });

  it('post-only, iceberg, expiry and self-trade prevention', () => {
    const { GTT, POST_ONLY } = TimeInForce;
    const postOnly = { ...PLAIN, timeInForce: POST_ONLY };
    for (const line of ['100 --time post-only', '--post-only 100', '100 --post-only reject']) {
      assert.deepEqual(read(line), postOnly, line);
    }
    assert.deepEqual(read('100 --post-only slide'), { ...postOnly, flags: OrderFlag.SLIDE });
    const expireTime = NOW_MS / 1_000 + 60;
    const good = { ...PLAIN, timeInForce: GTT, expireTime };
    assert.deepEqual(read('100 --expire +60'), good);
    assert.deepEqual(read('100 --time gtt --expire 2030-01-01T00:01:00Z'), good);
    const slide = { ...good, flags: OrderFlag.POST_ONLY | OrderFlag.SLIDE };
    assert.deepEqual(read('100 --expire +60 --post-only slide'), slide);
    const both = { ...PLAIN, displayQuantity: 4n, selfTrade: SelfTrade.EXPIRE_BOTH };
    assert.deepEqual(read('100 --display 4 --self-trade expire-both'), both);
  });

  it('what does not go together, in words of its own', () => {
    for (const [line, words] of [
      ['', /^PRICE is missing: /],
      ['100 --type iceberg', /^--type iceberg: use limit, market, stop or stop-limit$/],
      ['100 --time day', /^--time day: use gtc, ioc, post-only, fok or gtt$/],
      ['100 --self-trade constructor', /^--self-trade constructor: use none, expire-taker, /],
      ['100 --protect 90', /^--protect is for market and stop orders: a limit order has its PRICE/],
      ['--type market', /^a market order needs --protect PRICE, /],
      ['--type market 100', /^a market order has no PRICE \(100\): --protect PRICE is /],
      ['--type market 100 --protect 100', /^a market order has no PRICE \(100\)/],
      ['--type market --protect 0', /^--protect 0: give a whole number from 1 to /],
      ['--type stop --protect 100', /^a stop order needs --stop PRICE/],
      ['--type stop-limit 100', /^a stop-limit order needs --stop PRICE/],
      [`100 --type stop-limit --stop ${MAX_PRICE + 1n}`, /^--stop \d+: give a whole number/],
      ['100 --stop 90', /^--stop is for --type stop and stop-limit: this is a limit order$/],
      ['--type market --protect 1 --time gtc', /^a market order can be ioc or fok, not gtc$/],
      ['--type market --protect 1 --expire +9', /can be ioc or fok, not gtt \(--expire\)$/],
      ['100 --type stop-limit --stop 1 --post-only', /^post-only is for limit orders: /],
      ['100 --type stop-limit --stop 1 --time post-only', /^post-only is for limit orders: /],
      ['100 --post-only --time fok', /^--post-only is for orders that rest: leave .* fok away$/],
      ['100 --post-only=maybe', /^--post-only=maybe: use reject or slide$/],
      ['100 --time gtt', /^--time gtt needs --expire TIME$/],
      ['100 --time ioc --expire +9', /^--expire makes an order gtt: leave it or --time ioc away$/],
      ['100 --time ioc --display 2', /^--display is for orders that rest: /],
      ['100 --type stop-limit --stop 1 --display 2', /^--display is for limit orders: /],
      ['100 --display 5', /^--display 5: give a whole number from 1 to 4$/],
    ] as const) {
      assert.match(refusal(line), words);
    }
    assert.match(refusal('100 --display 1', 1n), /^--display shows less than the quantity/);
  });

  it('takes exactly what the rules of a market take', () => {
    const taken = { client: 0, engine: 0 };
    for (const combination of combinations()) {
      const line = optionsOf(combination);
      const isTaken = engineTakes(combination);
      if (isTaken) taken.engine += 1;
      try {
        const order = read(line);
        taken.client += 1;
        assert(isTaken, `"${line}" is refused by the engine`);
        assert(engineTakes(order), `"${line}" is sent as another order, which is refused`);
        assert.equal(order.orderType, combination.orderType, line);
      } catch (error) {
        assert(error instanceof UsageError, String(error));
        assert(!isTaken, `"${line}" is refused, and the engine takes it: ${error.message}`);
      }
    }
    assert.equal(taken.client, taken.engine);
    assert(taken.client > 20, `${taken.client} combinations are possible`);
  });
});

type Terms = ReturnType<typeof read>;

const FUTURE = NOW_MS / 1_000 + 60;

/** All that the options can say: sliding is a way to be post-only, post-only with an end is GTT. */
function* combinations(): Generator<Terms> {
  const { POST_ONLY, SLIDE } = OrderFlag;
  for (const orderType of Object.values(OrderType)) {
    for (const timeInForce of Object.values(TimeInForce)) {
      for (const flags of [0, POST_ONLY, POST_ONLY | SLIDE]) {
        for (const displayQuantity of [0n, 2n]) {
          for (const stopPrice of [0n, 90n]) {
            for (const expireTime of [0, FUTURE]) {
              if (timeInForce === TimeInForce.POST_ONLY && expireTime !== 0) continue;
              const terms = { orderType, timeInForce, flags, displayQuantity, stopPrice };
              yield { ...PLAIN, ...terms, expireTime };
            }
          }
        }
      }
    }
  }
}

const word = (names: Readonly<Record<string, number>>, value: number) =>
  Object.keys(names)
    .find((name) => names[name] === value)
    ?.replaceAll('_', '-');

function optionsOf(terms: Terms): string {
  const { orderType, timeInForce, flags, displayQuantity, stopPrice, expireTime } = terms;
  const isMarket = orderType === OrderType.MARKET || orderType === OrderType.STOP;
  const price = isMarket ? '--protect 100' : '100';
  const type = `--type ${word(ORDER_TYPE_NAMES, orderType)}`;
  const time = `--time ${word(TIME_IN_FORCE_NAMES, timeInForce)}`;
  const slide = (flags & OrderFlag.SLIDE) === 0 ? '' : 'slide';
  const postOnly = (flags & OrderFlag.POST_ONLY) === 0 ? '' : `--post-only ${slide}`;
  const display = displayQuantity === 0n ? '' : `--display ${displayQuantity}`;
  const stop = stopPrice === 0n ? '' : `--stop ${stopPrice}`;
  const expire = expireTime === 0 ? '' : `--expire ${expireTime}`;
  return [price, type, time, postOnly, display, stop, expire].join(' ');
}

/** Refusals of what an order is, whatever the market's state. */
const FORM: ReadonlySet<number> = new Set([
  ResultCode.INVALID_ORDER_TYPE,
  ResultCode.INVALID_TIME_IN_FORCE,
  ResultCode.INVALID_FLAGS,
  ResultCode.INVALID_DISPLAY_QUANTITY,
  ResultCode.INVALID_STOP_PRICE,
  ResultCode.INVALID_EXPIRE_TIME,
]);

function engineTakes(terms: Terms): boolean {
  const engine = createNaiveEngine();
  const request = (id: bigint) => ({ session: 0, requestId: id });
  const commands: Command[] = [
    { kind: CommandKind.CREATE_MARKET, ...request(1n), makerFeePpm: 0, takerFeePpm: 0 },
    { kind: CommandKind.DEPOSIT, ...request(2n), account: 7, asset: Asset.QUOTE, amount: 10_000n },
    { kind: CommandKind.NEW, ...request(1n), clientOrderId: 1n, side: Side.BUY, ...terms },
  ];
  const records = encodeRecords(commands.map((command) => [7, command]));
  const codes: number[] = [];
  engine.apply(records, commands.length, BigInt(NOW_MS) * 1_000_000n, (block, count) => {
    for (let index = 0; index < count; index += 1) {
      const event = readEvent(viewOf(block), index * RECORD_BYTES);
      if (event?.type === 'rejected') codes.push(event.code);
    }
  });
  const [code = ResultCode.OK] = codes;
  assert(code === ResultCode.OK || code === ResultCode.CANNOT_FILL || FORM.has(code), `${code}`);
  return !FORM.has(code);
}
