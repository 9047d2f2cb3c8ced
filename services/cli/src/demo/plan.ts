/** What a demo was asked to do: every option read and checked before anything is touched. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { ChainKind } from '@foldbook/verifier';
import { checkRedis, connectBroker, isServed } from '../broker.ts';
import { builtInFlow } from '../built-in-flow.ts';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { fileTrouble } from '../file-trouble.ts';
import { decompressIfNeeded, type Flow, orderFileFlow } from '../order-file.ts';
import { DEFAULT_DATA_DIR } from '../paths.ts';
import { EPOCH_RECORDS } from '../prover/chain-options.ts';
import { chainFrom } from '../verify-chains.ts';
import { checkDataDir } from './data-dir.ts';
import type { DemoBroker } from './environment.ts';

/** With the fee account (and the supply account) four are touched: one account proof an epoch. */
export const ACCOUNTS = 3;
export const BUILT_IN_MESSAGES = 20_000;
const BUILT_IN_SEED = 7;
/** Of Groth16: deposits, and the opening of trading. */
export const EPOCHS_TO_PROVE = 2;

export interface DemoPlan {
  readonly dataDir: string;
  /** Undefined: embedded, no services needed. */
  readonly broker: DemoBroker | undefined;
  readonly flow: Flow;
  /** Undefined: the whole flow. */
  readonly seconds: number | undefined;
  /** Undefined: all. */
  readonly epochs: number | undefined;
  readonly workers: number;
  readonly epochRecords: number;
  readonly chain: ChainKind;
  /** Remove the streams of demos from the broker afterwards. */
  readonly clean: boolean;
}

/** @throws UsageError in one line for whatever can't be done */
export async function readPlan(context: CommandContext): Promise<DemoPlan> {
  const chain = chainFrom(context.text('chain')) ?? 'stark';
  const settings = {
    dataDir: resolve(context.text('data') ?? DEFAULT_DATA_DIR),
    broker: brokerOf(context),
    seconds: context.integer('seconds', 1, 86_400),
    epochs:
      context.integer('epochs', 1, 1_000_000) ?? (chain === 'stark' ? undefined : EPOCHS_TO_PROVE),
    workers: context.integer('workers', 1, 256) ?? availableParallelism(),
    epochRecords: context.integer('epoch-records', 1, 1_000_000) ?? EPOCH_RECORDS[chain],
    chain,
    clean: context.flag('clean'),
  };
  if (settings.clean && settings.broker === undefined) {
    throw new UsageError('--clean removes streams from a broker: it goes with --nats and --redis');
  }
  await checkDataDir(settings.dataDir);
  const flow = await openFlow(context.text('input'));
  if (settings.broker !== undefined) await checkBroker(settings.broker);
  return { ...settings, flow };
}

function brokerOf(context: CommandContext): DemoBroker | undefined {
  const nats = context.text('nats');
  const redis = context.text('redis');
  if (nats !== undefined && redis !== undefined) return { nats, redis };
  if (nats === undefined && redis === undefined) return undefined;
  throw new UsageError('give --nats and --redis together, or neither');
}

const NO_SERVERS = 'start one there, or leave --nats and --redis away: the demo needs none';

async function checkBroker({ nats, redis }: DemoBroker): Promise<void> {
  const transport = await connectBroker({ servers: nats }, 'foldbook-demo', NO_SERVERS);
  const served = await isServed(transport);
  await transport.close();
  if (served) {
    throw new UsageError(
      `a market service runs at ${nats} already, and a broker serves one: ` +
        'end that one first, or name another broker',
    );
  }
  await checkRedis(redis, NO_SERVERS);
}

async function openFlow(input: string | undefined): Promise<Flow> {
  if (input === undefined) return builtInFlow(BUILT_IN_MESSAGES, ACCOUNTS, BUILT_IN_SEED);
  const bytes = await readFile(input).catch((error: unknown) => {
    throw new UsageError(`--input ${input} can't be read: ${fileTrouble(error)}`);
  });
  return orderFileFlow(input, decompressIfNeeded(input, bytes), ACCOUNTS);
}
