import { BookMirror, OperatorClient, OrderClient } from '@foldbook/client';
import { Account, Asset, type MarketEvent } from '@foldbook/protocol';
import { type ChainKind, type ChainResult, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { kernelCommitments } from '@foldbook/verifier/stark-data';
import { interrupted, ServiceError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { leftOnBroker } from '../demo/broker-streams.ts';
import { type DemoEnvironment, startEnvironment } from '../demo/environment.ts';
import {
  ACCOUNTS,
  BUILT_IN_MESSAGES,
  type DemoPlan,
  EPOCHS_TO_PROVE,
  readPlan,
} from '../demo/plan.ts';
import { play } from '../demo/play.ts';
import { type DemoFigures, summary, summaryWords, type Traded } from '../demo/summary.ts';
import { eventWords } from '../event-words.ts';
import { duration, plural } from '../output.ts';
import { DEFAULT_DATA_DIR } from '../paths.ts';

/** Played first and closed as an epoch of its own, so that its proofs are there soon. */
const OPENING_MESSAGES = 120;
const MAKER_FEE_PPM = -20;
const TAKER_FEE_PPM = 50;
/** Of each asset to each account: all of it together stays below 2^63. */
const DEPOSIT = 2n ** 58n;

export const demo: CliCommand = {
  name: 'demo',
  summary: 'the whole path once: orders, trades, deltas, proofs, verification',
  help: `
Usage: foldbook demo [--input FILE] [--seconds N] [--nats URL --redis URL]

Starts a market and a prover, funds ${ACCOUNTS} accounts, plays orders through their clients, checks
a mirror of the book against the engine, has epochs proved and verifies them.

  --input FILE      a matching-challenge order file (.bin or .bin.zst); default: a built-in flow
                    of ${BUILT_IN_MESSAGES} messages
  --seconds N       stop playing after N seconds (1 to 86400)
  --nats URL        run over a real broker with JetStream...
  --redis URL       ...and queue proofs over a real Redis (both or neither; default: embedded)
  --clean           at the end remove the broker's streams (LOG_0, RPT_0, DIFF_0), unless they hold
                    other markets than demos'
  --epochs N        prove the first N epochs, or all there are if fewer (default: all; with --chain
                    poseidon ${EPOCHS_TO_PROVE})
  --workers N       provers at once (default: one a core)
  --chain KIND      how epochs are proved: stark (default) or poseidon (by Groth16, slowly)
  --epoch-records N settlement records after which an epoch closes (default 50000; with --chain
                    poseidon 240)
  --data DIR        proofs, streams, logs (default ${DEFAULT_DATA_DIR}; emptied at the start)
  --json            the summary as one JSON object

Example: foldbook demo --seconds 10`,
  takes: [],
  options: {
    input: { type: 'string' },
    seconds: { type: 'string' },
    nats: { type: 'string' },
    redis: { type: 'string' },
    epochs: { type: 'string' },
    workers: { type: 'string' },
    'epoch-records': { type: 'string' },
    chain: { type: 'string' },
    data: { type: 'string' },
    clean: { type: 'boolean' },
  },
  endsOnSignal: true,
  run: runDemo,
};

async function runDemo(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  // From here on, so that one that comes early is not lost.
  const interruption = interrupted(signal);
  signal.addEventListener('abort', () => output.say('stopping ...'), { once: true });
  const plan = await Promise.race([readPlan(context), interruption]);
  const startMs = performance.now();
  const environment = await startEnvironment({
    ...plan,
    signal,
    onTrouble: (line) => output.say(line),
    onProved: ({ epoch, recordCount, proofs, ms }) =>
      output.say(
        `epoch ${epoch}: ${plural(recordCount, 'record')}, ${plural(proofs, 'proof')} ` +
          `in ${duration(ms)}`,
      ),
  });
  let figures: DemoFigures | undefined;
  try {
    const work = playAndProve(context, environment, plan, startMs);
    figures = await Promise.race([work, environment.failed, interruption]);
  } finally {
    await environment.stop(figures === undefined);
  }
  const { broker, clean } = plan;
  const left =
    broker === undefined
      ? undefined
      : await leftOnBroker(broker.nats, clean).catch((error: unknown) => ({
          streams: [],
          removed: false,
          kept: error instanceof Error ? error.message : String(error),
        }));
  output.result(summary(figures, left), summaryWords(figures, left));
  return figures.chain.ok && figures.mirror.mismatches === 0 ? 0 : 1;
}

async function playAndProve(
  context: CommandContext,
  environment: DemoEnvironment,
  plan: DemoPlan,
  startMs: number,
): Promise<DemoFigures> {
  const { output } = context;
  const { market, transport } = environment;
  const where = plan.broker === undefined ? 'embedded, no broker' : `over ${transport.description}`;
  output.say(`market ${market}, ${where}`);
  const traded = await trade(context, environment, plan);
  const wanted = plan.epochs ?? traded.epochsClosed;
  const epochs = Math.min(wanted, traded.epochsClosed);
  const fewer = epochs < wanted ? ` (--epochs ${wanted}, but no more were closed)` : '';
  output.say(
    `answered ${traded.commands} commands; mirror equal to the engine's book ` +
      `(${traded.levels} levels); waiting for the proofs of ${plural(epochs, 'epoch')}${fewer}`,
  );
  const answeredMs = performance.now();
  await environment.epochsProved(epochs);
  const behindMs = performance.now() - answeredMs;
  const chain = await verifyStore(environment, plan.chain);
  return {
    ...traded,
    proved: environment.proved,
    provingMs: environment.provingMs(),
    chain: chain.result,
    verifyMs: chain.ms,
    behindMs,
    totalMs: performance.now() - startMs,
    proofDir: environment.proofDir,
    market,
    flow: plan.flow.name,
  };
}

async function trade(
  context: CommandContext,
  environment: DemoEnvironment,
  { flow, seconds }: DemoPlan,
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
  throw new ServiceError(`an operator's command was ${eventWords(event)}`);
}

async function verifyStore(
  { proofDir, market }: DemoEnvironment,
  chain: ChainKind,
): Promise<{ readonly result: ChainResult; readonly ms: number }> {
  const startMs = performance.now();
  const source = openStoreFolder(proofDir, market, { chain });
  const result = await verifyChain(source, { commitments: kernelCommitments });
  return { result, ms: performance.now() - startMs };
}
