import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { BookMirror, OperatorClient, OrderClient } from '@foldbook/client';
import { Account, Asset, type MarketEvent } from '@foldbook/protocol';
import { type ChainResult, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { builtInFlow } from '../built-in-flow.ts';
import { InterruptedError, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { type DemoEnvironment, startEnvironment } from '../demo/environment.ts';
import { play } from '../demo/play.ts';
import { type DemoFigures, summary, summaryWords, type Traded } from '../demo/summary.ts';
import { decompressIfNeeded, type Flow, orderFileFlow } from '../order-file.ts';
import { duration } from '../output.ts';
import { DEFAULT_DATA_DIR } from '../paths.ts';

/** With the fee account (and the supply account) four are touched: one account proof an epoch. */
const ACCOUNTS = 3;
const BUILT_IN_MESSAGES = 20_000;
const BUILT_IN_SEED = 7;
/** Played first and closed as an epoch of its own, so that its proofs are there soon. */
const OPENING_MESSAGES = 120;
const MAKER_FEE_PPM = -20;
const TAKER_FEE_PPM = 50;
/** Of each asset to each account: all of it together stays below 2^63. */
const DEPOSIT = 2n ** 58n;
/** Deposits, and the opening of trading. */
const EPOCHS_TO_PROVE = 2;

export const demo: CliCommand = {
  name: 'demo',
  summary: 'the whole path once: orders, trades, deltas, proofs, verification',
  help: `
Usage: foldbook demo [--input FILE] [--seconds N] [--nats URL --redis URL]

Starts a market and a prover, funds ${ACCOUNTS} accounts, plays orders through their clients, checks
a mirror of the book against the engine, has the first epochs proved and verifies them.

  --input FILE      a matching-challenge order file (.bin or .bin.zst); default: a built-in flow
                    of ${BUILT_IN_MESSAGES} messages
  --seconds N       stop playing after N seconds
  --nats URL        run over a real broker with JetStream...
  --redis URL       ...and queue proofs over a real Redis (both or neither; default: embedded)
  --epochs N        epochs to prove before the end (default ${EPOCHS_TO_PROVE})
  --workers N       provers at once (default: one a core)
  --epoch-records N settlement records after which an epoch closes (default 240)
  --data DIR        proofs, streams, logs (default ${DEFAULT_DATA_DIR}; emptied at the start)
  --json            the summary as one JSON object

Example: foldbook demo --seconds 10`,
  options: {
    input: { type: 'string' },
    seconds: { type: 'string' },
    nats: { type: 'string' },
    redis: { type: 'string' },
    epochs: { type: 'string' },
    workers: { type: 'string' },
    'epoch-records': { type: 'string' },
    data: { type: 'string' },
  },
  endsOnSignal: true,
  run: runDemo,
};

async function runDemo(context: CommandContext): Promise<number> {
  const { output } = context;
  const flow = await openFlow(context.text('input'));
  const broker = brokerOf(context);
  const startMs = performance.now();
  const environment = await startEnvironment({
    dataDir: resolve(context.text('data') ?? DEFAULT_DATA_DIR),
    broker,
    workers: context.integer('workers', 1, 256) ?? availableParallelism(),
    epochRecords: context.integer('epoch-records', 1, 1_000_000) ?? 240,
    onTrouble: (line) => output.say(line),
    onProved: ({ epoch, recordCount, proofs, ms }) =>
      output.say(`epoch ${epoch}: ${recordCount} records, ${proofs} proofs in ${duration(ms)}`),
  });
  try {
    const work = playAndProve(context, environment, flow, startMs);
    return await Promise.race([work, environment.failed, interrupted(context.signal)]);
  } finally {
    await environment.stop();
  }
}

async function playAndProve(
  context: CommandContext,
  environment: DemoEnvironment,
  flow: Flow,
  startMs: number,
): Promise<number> {
  const { output } = context;
  output.say(`market ${environment.market} over ${environment.transport.description}`);
  const traded = await trade(context, environment, flow);
  output.say(
    `answered ${traded.commands} commands; mirror equal to the engine's book ` +
      `(${traded.levels} levels); waiting for proofs`,
  );
  await environment.epochsProved(context.integer('epochs', 1, 1_000_000) ?? EPOCHS_TO_PROVE);
  const chain = await verifyStore(environment);
  const figures: DemoFigures = {
    ...traded,
    proved: environment.proved,
    chain: chain.result,
    verifyMs: chain.ms,
    totalMs: performance.now() - startMs,
    proofDir: environment.proofDir,
    market: environment.market,
    flow: flow.name,
  };
  output.result(summary(figures), summaryWords(figures));
  return chain.result.ok && traded.mirror.mismatches === 0 ? 0 : 1;
}

function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new InterruptedError('interrupted')), {
      once: true,
    });
  });
}

async function openFlow(input: string | undefined): Promise<Flow> {
  if (input === undefined) return builtInFlow(BUILT_IN_MESSAGES, ACCOUNTS, BUILT_IN_SEED);
  const bytes = await readFile(input).catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--input ${input}: ${words}`);
  });
  return orderFileFlow(input, decompressIfNeeded(input, bytes), ACCOUNTS);
}

function brokerOf(context: CommandContext) {
  const nats = context.text('nats');
  const redis = context.text('redis');
  if (nats !== undefined && redis !== undefined) return { nats, redis };
  if (nats === undefined && redis === undefined) return undefined;
  throw new UsageError('give --nats and --redis together, or neither');
}

async function trade(
  context: CommandContext,
  environment: DemoEnvironment,
  flow: Flow,
): Promise<Traded> {
  const { market, transport } = environment;
  const operator = new OperatorClient(transport, market);
  check(await operator.createMarket(MAKER_FEE_PPM, TAKER_FEE_PPM));
  const clients = await openAccounts(environment, operator);
  check(await operator.closeEpoch());
  const mirror = new BookMirror(transport, market, (words) =>
    context.output.say(`mirror: ${words}`),
  );
  await mirror.open();

  const seconds = context.integer('seconds', 0, 86_400);
  const startMs = performance.now();
  const messages = flow.messages()[Symbol.iterator]();
  const limits = {
    signal: context.signal,
    untilMs: seconds === undefined ? Number.POSITIVE_INFINITY : startMs + seconds * 1_000,
  };
  const progress = (played: number) => context.output.progress('orders', played, flow.length);
  const opening = await play(messages, clients, {
    ...limits,
    messages: OPENING_MESSAGES,
    onProgress: progress,
  });
  check(await operator.closeEpoch());
  const rest = await play(messages, clients, {
    ...limits,
    messages: Number.POSITIVE_INFINITY,
    onProgress: (played) => progress(opening + played),
  });
  const tradeMs = performance.now() - startMs;
  context.output.endProgress();
  const compared = await mirror.compareWithEngine(30_000);
  const last = check(await operator.closeEpoch());
  const info = await operator.info();
  mirror.close();
  const sum = (pick: (client: OrderClient) => number) =>
    clients.reduce((total, client) => total + pick(client), 0);
  const traded = {
    commands: opening + rest,
    trades: info.trades,
    deltas: info.deltas,
    rejected: sum((client) => client.counters.rejected),
    fills: sum((client) => client.counters.fills),
    resent: sum((client) => client.sending.resent),
    tradeMs,
    mirror: mirror.counters,
    levels: compared.levels,
    epochsClosed: last.type === 'epoch' ? last.epoch + 1 : 0,
    durability: info.durability,
    core: info.core,
  };
  for (const client of clients) await client.close();
  return traded;
}

async function openAccounts(
  environment: DemoEnvironment,
  operator: OperatorClient,
): Promise<OrderClient[]> {
  const { market, transport } = environment;
  const clients: OrderClient[] = [];
  for (let index = 0; index < ACCOUNTS; index += 1) {
    const account = Account.FIRST_CLIENT + index;
    for (const asset of [Asset.BASE, Asset.QUOTE]) {
      check(await operator.deposit(account, asset, DEPOSIT));
    }
    const reports = environment.reports();
    clients.push(await OrderClient.open({ transport, reports, market, account }));
  }
  return clients;
}

function check(event: MarketEvent): MarketEvent {
  if (event.type !== 'rejected') return event;
  throw new Error(`the market rejected an operator's command: code ${event.code}`);
}

async function verifyStore(
  environment: DemoEnvironment,
): Promise<{ readonly result: ChainResult; readonly ms: number }> {
  const startMs = performance.now();
  const result = await verifyChain(openStoreFolder(environment.proofDir, environment.market), {});
  return { result, ms: performance.now() - startMs };
}
