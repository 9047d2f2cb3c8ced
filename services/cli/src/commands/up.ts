import { join, resolve } from 'node:path';
import { isSystemAccount, MAX_ACCOUNT } from '@foldbook/protocol';
import { clearMetricsFile } from '@foldbook/runtime';
import { checkRedis, connectBroker, DEFAULT_NATS, isServed } from '../broker.ts';
import { InterruptedError, interrupted, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CONFIG_HELP, type Fields, fieldsOf, ofBroker, readConfigFile } from '../config-file.ts';
import { type LocalServers, startLocalServers } from '../local-servers.ts';
import { NODE_HELP, NODE_OPTIONS, nodeOptions } from '../nodes/node-options.ts';
import { DEFAULT_NODE_DIR } from '../paths.ts';
import { endWords } from '../process-end.ts';
import { CHAINS_HELP, CHAINS_OPTIONS, chainChoice, epochRecords } from '../prover/chain-options.ts';
import { statusFileOf } from '../prover/status-files.ts';
import { checkProofStores } from '../prover/store-holders.ts';
import { WORKERS_HELP, WORKERS_OPTIONS, workerOptions } from '../prover/worker-options.ts';
import { nodeReceiptKeys, ownReceiptKeys, type ReceiptFiles } from '../receipt-keys.ts';
import { type ServiceName, type ServiceProcess, startService } from '../service-process.ts';
import { metricsFileOf } from '../top/metrics-file.ts';

const DEFAULT_REDIS = 'redis://127.0.0.1:6379';
const DEFAULT_SHARE_DIR = '/dev/shm/foldbook';
const DEFAULT_NATS_PORT = 4_222;
const DEFAULT_REDIS_PORT = 6_379;
const MAX_HOSTS = 64;
const MAX_UID = 2 ** 32 - 2;
const PLACEMENTS = ['round-robin', 'load'] as const;

export const up: CliCommand = {
  name: 'up',
  summary: 'run the market and the prover against a broker until stopped',
  help: `
Usage: foldbook up [market] [prover] [options]

Runs the named services (default: both) in this terminal until Ctrl-C. On Linux "foldbook top" shows
in another one how the market does.

  --local           start nats-server and redis-server too, for this node alone (found on PATH
                    or unpacked by npm run setup)
  --nats-port N     ...at this port (default ${DEFAULT_NATS_PORT})
  --redis-port N    ...at this port (default ${DEFAULT_REDIS_PORT})
  --nats URL        broker with JetStream (default ${DEFAULT_NATS})
  --redis URL       queue of the prover (default ${DEFAULT_REDIS})
  --user NAME       broker user; the password is read from $FOLDBOOK_PASSWORD
  --data DIR        proofs, keys and logs (default ${DEFAULT_NODE_DIR})
${CHAINS_HELP}
  --hosts N         threads that markets live on, each on a core of its own (default 1); inline:
                    none, they live on the service's (default on a machine with one core)
  --placement WORD  round-robin: new markets go to the hosts in turns (default); load: busy markets
                    move to idle hosts later on, too
${NODE_HELP}
${CONFIG_HELP}
  --workers N       provers at once (default: cores - 1; none with --prover-workers)
${WORKERS_HELP}
  --share LIST      accounts whose clients on this host may come over shared memory: 7,8 those of
                    this user; 7:1001 that of user 1001 and of nobody else
  --share-dir DIR   where they find it (default ${DEFAULT_SHARE_DIR}; of one node alone)
  --json            {"service","pid","log"} for each service that is up, {"service","line"} for each
                    warning, error and recovery that it logs, {"ended"} for what ended

Example: foldbook up --local
Example: foldbook up --local --prover-workers 0..4
Example: foldbook up --local --chains both
Example: foldbook up market --local --partitions 4
Example: foldbook up --nats nats://127.0.0.1:4222 --redis redis://127.0.0.1:6379`,
  takes: ['market', 'prover'],
  options: {
    local: { type: 'boolean' },
    'nats-port': { type: 'string' },
    'redis-port': { type: 'string' },
    nats: { type: 'string' },
    redis: { type: 'string' },
    user: { type: 'string' },
    data: { type: 'string' },
    config: { type: 'string' },
    ...CHAINS_OPTIONS,
    hosts: { type: 'string' },
    placement: { type: 'string' },
    workers: { type: 'string' },
    ...WORKERS_OPTIONS,
    share: { type: 'string' },
    'share-dir': { type: 'string' },
    ...NODE_OPTIONS,
  },
  endsOnSignal: true,
  run: async (context) => {
    const plan = readPlan(context);
    const { signal } = context;
    const local = plan.ports === undefined ? undefined : await startLocal(plan.data, plan.ports);
    try {
      const nats = local?.nats ?? plan.nats;
      const redis = local?.redis ?? plan.redis;
      if (local !== undefined) context.output.say(`broker at ${nats}, queue at ${redis}`);
      const { logDir, names } = plan;
      await checkSurroundings(context, plan, { nats, redis });
      const receipts = await receiptsOf(context, plan);
      const sync = local?.sync;
      const configs = serviceConfigs(context, { ...plan, nats, sync, redis, receipts });
      return await runServices(context, { names, logDir, configs, ended: local?.ended });
    } catch (error) {
      if (error instanceof InterruptedError && signal.aborted) return 0;
      throw error;
    } finally {
      await local?.stop();
      // A market that was killed could not take it away itself.
      const metricsFile = metricsFileOf(plan.data);
      if (metricsFile !== undefined) clearMetricsFile(metricsFile);
    }
  },
};

interface Plan {
  readonly names: readonly ServiceName[];
  readonly data: string;
  readonly logDir: string;
  /** Of --config. */
  readonly file: Fields;
  readonly nats: string;
  readonly user: string | undefined;
  readonly redis: string;
  /** Of the servers to start; undefined without --local. */
  readonly ports: { readonly nats: number; readonly redis: number } | undefined;
}

/** Everything that was asked for, checked before anything is started. */
function readPlan(context: CommandContext): Plan {
  const named = new Set<string>(context.positionals.length === 0 ? SERVICES : context.positionals);
  for (const name of named) {
    if (SERVICES.some((service) => service === name)) continue;
    throw new UsageError(`no service "${name}": market or prover`);
  }
  const data = resolve(context.text('data') ?? DEFAULT_NODE_DIR);
  const file = readConfigFile(context);
  if (context.text('config') !== undefined && !named.has('market')) {
    throw new UsageError('--config is of the market, which is not started: leave it away');
  }
  serviceConfigs(context, { nats: '', redis: '', user: undefined, data, file });
  const names = SERVICES.filter((name) => named.has(name)).map((name) =>
    name === 'market' && nodeOptions(context) !== undefined ? 'node' : name,
  );
  const isSupervised = workerOptions(context, named.has('prover')) !== undefined;
  return {
    names: isSupervised ? [...names, 'prover-supervisor'] : names,
    data,
    logDir: join(data, 'logs'),
    file,
    nats: context.text('nats') ?? ofBroker(file, 'servers') ?? DEFAULT_NATS,
    user: context.text('user') ?? ofBroker(file, 'user'),
    redis: context.text('redis') ?? DEFAULT_REDIS,
    ports: localPorts(context),
  };
}

const SERVICES: readonly ServiceName[] = ['market', 'prover'];

function localPorts(context: CommandContext): Plan['ports'] {
  const isLocal = context.flag('local');
  for (const name of isLocal ? ['nats', 'redis', 'user'] : ['nats-port', 'redis-port']) {
    if (context.text(name) === undefined) continue;
    throw new UsageError(
      isLocal
        ? `--${name} is for servers that run already: leave it or --local away`
        : `--${name} is for --local, which starts the servers: add it, or use --nats and --redis`,
    );
  }
  if (!isLocal) return undefined;
  const nats = context.integer('nats-port', 1, 65_535) ?? DEFAULT_NATS_PORT;
  const redis = context.integer('redis-port', 1, 65_535) ?? DEFAULT_REDIS_PORT;
  if (nats !== redis) return { nats, redis };
  throw new UsageError(`--nats-port and --redis-port are both ${nats}: give two ports`);
}

function startLocal(data: string, ports: { nats: number; redis: number }): Promise<LocalServers> {
  const dataDir = join(data, 'servers');
  return startLocalServers({ dataDir, natsPort: ports.nats, redisPort: ports.redis });
}

const NO_SERVERS = '"foldbook up --local" starts one of its own';

/** Told here, once and in one line, rather than by each service. */
async function checkSurroundings(
  context: CommandContext,
  { names, user, data }: Pick<Plan, 'names' | 'user' | 'data'>,
  { nats, redis }: { readonly nats: string; readonly redis: string },
): Promise<void> {
  const address = { servers: nats, user, pass: context.password };
  const transport = await connectBroker(address, 'foldbook-up', NO_SERVERS);
  const served = names.includes('market') && (await isServed(transport));
  await transport.close();
  if (served) {
    throw new UsageError(
      `a market service runs at ${nats} already, and a broker serves one: end that one first`,
    );
  }
  if (!names.includes('prover')) return;
  await checkRedis(redis, NO_SERVERS);
  await checkProofStores(context, join(data, 'proofs'));
}

type ServiceConfigs = Readonly<Partial<Record<ServiceName, Record<string, unknown>>>>;

/** What the services are told of their surroundings. */
interface Where extends Pick<Plan, 'nats' | 'redis' | 'user' | 'data' | 'file'> {
  /** The broker's sync_interval, where it is known. */
  readonly sync?: string | undefined;
  readonly receipts?: ReceiptFiles | undefined;
}

/** Without passwords: services take theirs from the environment, which no process list shows. */
function serviceConfigs(context: CommandContext, where: Where): ServiceConfigs {
  const { user, file } = where;
  const login = user === undefined ? {} : { user };
  const supervised = workerOptions(context, true);
  const workers = context.integer('workers', 1, 256) ?? (supervised === undefined ? undefined : 0);
  const node = nodeOptions(context);
  const metricsFile = node === undefined ? metricsFileOf(where.data) : undefined;
  const chains = chainChoice(context);
  const records = epochRecords(context);
  const hosts = hostsOf(context);
  const placement = placementOf(context);
  const sync = where.sync === undefined ? {} : { sync: where.sync };
  const broker = { ...fieldsOf(file.broker), servers: where.nats, ...login, ...sync };
  const market = {
    profileDir: join(where.data, 'profiles'),
    ...(metricsFile === undefined ? {} : { metricsFile }),
    ...(where.receipts === undefined ? {} : { receipts: where.receipts }),
    ...(node === undefined ? file : fieldsOf(file.market)),
    ...(records === undefined ? {} : { epochRecords: records }),
    ...sharedMemory(context),
    ...(hosts === undefined ? {} : { hosts }),
    ...(placement === undefined ? {} : { placement }),
  };
  return {
    market: { ...market, broker: { kind: 'nats', ...broker } },
    node: { ...file, ...node, broker, market },
    prover: {
      source: { kind: 'jetstream', servers: where.nats, ...login, ...sync },
      redisUrl: where.redis,
      dataDir: join(where.data, 'proofs'),
      statusFile: statusFileOf(where.data, 'prover'),
      ...(workers === undefined ? {} : { workers }),
      ...(chains === undefined ? {} : { chains }),
    },
    'prover-supervisor': {
      redisUrl: where.redis,
      statusFile: statusFileOf(where.data, 'prover-supervisor'),
      ...supervised,
    },
  };
}

/**
 * Certified here only where the prover, and so the operator's key, is here, too: without it the
 * market signs by a key of its own all the same, and it is said who has to certify that.
 */
async function receiptsOf(
  { output }: CommandContext,
  { names, data, file }: Plan,
): Promise<ReceiptFiles | undefined> {
  const isTheirs = file.receipts !== undefined || fieldsOf(file.market).receipts !== undefined;
  if (isTheirs || names.every((name) => name === 'prover')) return undefined;
  if (names.includes('prover')) return ownReceiptKeys(data, join(data, 'proofs'));
  const { files, publicKey, isCertified } = await nodeReceiptKeys(data);
  if (!isCertified) {
    const certify = `foldbook keys certify ${publicKey} --operator-key FILE`;
    output.say(`no operator has certified the key of receipts; where the operator's is:`);
    output.say(`  ${certify} --out ${files.certificateFile}`);
  }
  return files;
}

function hostsOf(context: CommandContext): number | 'inline' | undefined {
  if (context.text('hosts') === 'inline') return 'inline';
  return context.integer('hosts', 1, MAX_HOSTS);
}

function sharedMemory(context: CommandContext): Record<string, unknown> {
  const list = context.text('share');
  const folder = context.text('share-dir');
  if (list === undefined) {
    if (folder === undefined) return {};
    throw new UsageError('--share-dir is for --share, which names the accounts: add it');
  }
  const accounts = list.split(',').map(sharedAccount);
  const isFit = accounts.every((one) => one !== undefined);
  const isEachOnce = new Set(accounts.map((one) => one?.account)).size === accounts.length;
  if (isFit && isEachOnce) {
    const plain = accounts.map(({ account, uid }) =>
      uid === undefined ? account : { account, uid },
    );
    return { sharedMemory: { folder: resolve(folder ?? DEFAULT_SHARE_DIR), accounts: plain } };
  }
  const mend = isFit
    ? 'give each account once'
    : 'give accounts of clients with commas, such as 7,8';
  throw new UsageError(`--share ${list}: ${mend}, or 7:1001 for one of another user`);
}

/** `7`, or `7:1001` with the number of a user. */
function sharedAccount(text: string): { account: number; uid: number | undefined } | undefined {
  const parts = /^(\d{1,8})(?::(\d{1,10}))?$/.exec(text);
  if (parts === null) return undefined;
  const account = Number(parts[1]);
  const uid = parts[2] === undefined ? undefined : Number(parts[2]);
  if (!isClientAccount(account) || (uid !== undefined && uid > MAX_UID)) return undefined;
  return { account, uid };
}

const isClientAccount = (account: number) =>
  account >= 0 && account <= MAX_ACCOUNT && !isSystemAccount(account);

function placementOf(context: CommandContext): string | undefined {
  const placement = context.text('placement');
  if (placement === undefined || PLACEMENTS.some((word) => word === placement)) return placement;
  throw new UsageError(`--placement ${placement}: use ${PLACEMENTS.join(' or ')}`);
}

interface Run {
  readonly names: readonly ServiceName[];
  readonly logDir: string;
  readonly configs: ServiceConfigs;
  /** Resolves with words when a server of --local ends. */
  readonly ended: Promise<string> | undefined;
}

/** What services may take to end without their broker, ms. */
const PATIENCE_WITHOUT_BROKER_MS = 2_000;

/** Until Ctrl-C (status 0), or until a service or a server ends by itself (status 1). */
async function runServices(context: CommandContext, run: Run): Promise<number> {
  const { output, signal } = context;
  const started: ServiceProcess[] = [];
  let patienceMs: number | undefined;
  try {
    for (const name of run.names) {
      const service = await startService(name, {
        config: run.configs[name] ?? {},
        logDir: run.logDir,
        onTrouble: (line) => output.result({ service: name, line }, `${name}: ${line}`),
        signal,
      });
      started.push(service);
      output.result(
        { service: name, pid: service.child.pid, log: service.logFile },
        `${name} is up (process ${service.child.pid}, log ${service.logFile})`,
      );
    }
    output.say('Ctrl-C ends');
    const serviceEnds = started.map(async ({ name, exited, logFile }) => {
      return `${name} ${endWords(await exited)}; its log: ${logFile}`;
    });
    const serverEnd = run.ended?.then((words) => {
      patienceMs = PATIENCE_WITHOUT_BROKER_MS;
      return words;
    });
    const ends = serverEnd === undefined ? serviceEnds : [serverEnd, ...serviceEnds];
    const ended = await Promise.race([interrupted(signal), ...ends]);
    output.result({ ended }, ended);
    return 1;
  } finally {
    if (signal.aborted) output.say('stopping ...');
    await Promise.all(started.map((service) => service.stop(patienceMs)));
  }
}
