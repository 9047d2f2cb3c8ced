import { askInfo } from '@foldbook/client';
import {
  FeatureError,
  loadHistoryModule,
  loadStrategy,
  type OrderFill,
  type OrderReport,
  type Strategy,
  StrategyError,
} from '@foldbook/history';
import { systemTimers } from '@foldbook/runtime';
import { ServiceError, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, withNode } from '../node-connection.ts';
import { accountNumber } from '../order-arguments.ts';
import { plural } from '../output.ts';
import { decimal } from '../replay/decimal.ts';
import { profitObject } from '../replay/profit-object.ts';
import { LiveStrategy } from '../strategy/live-strategy.ts';
import { ACCOUNT_HELP, openTrader, TRADER_OPTIONS } from '../trader-command.ts';

const DEFAULT_LEVELS = 50;
const MOST_LEVELS = 1_000;
const MOST_SECONDS = 86_400;

export const strategy: CliCommand = {
  name: 'strategy',
  summary: 'run a strategy on a market of a running node, with orders of its own',
  help: `
Usage: foldbook strategy FILE --market NAME --account N [options]

Runs the file that "foldbook replay --backtest --strategy FILE" tests: the same calls, reports and
fills, but the account's money. It is shown the public levels and trades; a level is one order to
it, and its own orders are in them. What it has open at the end is cancelled, also after Ctrl-C.

${ACCOUNT_HELP}
  --seconds N       how long (default: until Ctrl-C)
  --levels N        levels of a side that it is shown (default ${DEFAULT_LEVELS})
  --depth N         best levels that depth-imbalance adds up (default 1)
  --receipts FILE   ask for a signed receipt of each command, check it and keep it there
${CONNECTION_HELP}

Example: foldbook strategy docs/examples/quoting-strategy.ts --market BTC-USD --account 9`,
  takes: ['FILE'],
  options: {
    ...CONNECTION_OPTIONS,
    ...TRADER_OPTIONS,
    seconds: { type: 'string' },
    levels: { type: 'string' },
    depth: { type: 'string' },
  },
  endsOnSignal: true,
  run: runStrategy,
};

async function runStrategy(context: CommandContext): Promise<number> {
  const [path] = context.positionals;
  if (path === undefined) throw new UsageError('name the file of a strategy');
  const account = accountNumber(context);
  const seconds = context.integer('seconds', 1, MOST_SECONDS);
  const levels = context.integer('levels', 1, MOST_LEVELS) ?? DEFAULT_LEVELS;
  const depth = context.integer('depth', 1, MOST_LEVELS);
  const strategy = await loaded(path);
  const module = await loadHistoryModule();
  return withNode(context, async ({ transport, market, ...node }) => {
    const info = await askInfo(transport, market);
    const client = await openTrader(context, { transport, market, ...node }, account);
    const { output } = context;
    const scale = {
      ...{ priceExponent: -info.priceDecimals, quantityExponent: -info.quantityDecimals },
    };
    const told = { onTrouble: output.say, onFill, onOrder };
    function onFill({ side, price, quantity, liquidity }: OrderFill): void {
      const amount = decimal(BigInt(quantity), scale.quantityExponent);
      const at = decimal(BigInt(price), scale.priceExponent);
      output.say(`${side === 'buy' ? 'bought' : 'sold'} ${amount} at ${at} as ${liquidity}`);
    }
    function onOrder({ type, id, reason }: OrderReport): void {
      if (type === 'rejected') output.say(`order ${id}: ${reason}`);
    }
    const live = starting(() => {
      const common = { module, transport, client, info, path, strategy, levels, depth };
      return new LiveStrategy({ ...common, nowNs: () => systemTimers.nowNs(), ...told });
    });
    output.say(`${market}: account ${account} runs ${path}, Ctrl-C ends`);
    const outcome = await failing(() => live.run(end(context.signal, seconds)));
    const { orders, rejected, result } = outcome;
    const profit = outcome.profit && profitObject(outcome.profit, scale);
    const fills = outcome.profit?.fills ?? 0;
    const { position = '0', total = '0', fees = '0' } = profit ?? {};
    output.result(
      { market, account, file: path, orders, rejected, profit, result },
      `${plural(orders, 'order')}, ${rejected} rejected, ${plural(fills, 'fill')}, ` +
        `position ${position}, profit ${total}, fees ${fees}\n${JSON.stringify(result) ?? ''}`,
    );
    return 0;
  });
}

async function loaded(path: string): Promise<Strategy> {
  try {
    return await loadStrategy(path);
  } catch (error) {
    if (error instanceof StrategyError || error instanceof FeatureError) {
      throw new UsageError(error.message);
    }
    throw error;
  }
}

async function failing<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asCliError(error);
  }
}

function starting<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asCliError(error);
  }
}

const asCliError = (error: unknown) =>
  error instanceof StrategyError ? new ServiceError(error.message) : error;

function end(signal: AbortSignal, seconds: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = seconds === undefined ? undefined : setTimeout(resolve, seconds * 1_000);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}
