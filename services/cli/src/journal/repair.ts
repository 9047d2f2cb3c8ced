/** `journal repair`: appends to a broker's log what it lost and a journal still has. */
import { createInterface } from 'node:readline/promises';
import {
  JetStreamStore,
  LeaseTable,
  type NatsTransport,
  openNatsLeases,
  type RepairPlan,
  repairStream,
  type SegmentVerification,
  StreamError,
} from '@foldbook/runtime';
import { connectBroker, DEFAULT_NATS } from '../broker.ts';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped, plural } from '../output.ts';
import {
  folderArgument,
  type JournalFolder,
  journalFolder,
  verifyFolder,
} from './journal-folder.ts';

export const repair: CliCommand = {
  name: 'journal repair',
  summary: "appends to a broker's log the records that it lost and a node's journal still has",
  help: `
Usage: foldbook journal repair FOLDER [--nats URL] [--dry-run | --yes]

For a log that ends before the journal does, which nodes refuse with JOURNAL_AHEAD. FOLDER is the
journal of one partition, LOG_0 in a node's journal folder. First the journal itself is checked,
then every record that both have is compared: a log that differs, or has a hole, is left as it is.
Then the missing records are appended, each behind the sequence that was before it. A log that is
not there at all is made. Nodes of the partition have to be ended before: while one of them holds
its lease nothing is done, and none gets it meanwhile.
Exit status 1 if the journal is damaged or the log is not one that can be mended so.

  --dry-run         only says what it would do
  --yes             does it without asking; needed where nobody can be asked
  --nats URL        the broker (default ${DEFAULT_NATS})
  --user NAME       broker user, the market's; the password is read from $FOLDBOOK_PASSWORD
  --replicas N      copies of the log in the broker's cluster, where it is made anew (default 1)
  --json            {"ok","stream","before","after","compared","appended","dryRun"}: sequences of
                    the log's last record, and counts of records

Example: foldbook journal repair journal/LOG_0 --dry-run`,
  takes: ['FOLDER'],
  options: {
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean' },
    nats: { type: 'string' },
    user: { type: 'string' },
    replicas: { type: 'string' },
  },
  run,
};

/** Long enough for whatever renewing has to wait for. */
const LEASE_MS = 10_000;

async function run(context: CommandContext): Promise<number> {
  const { output } = context;
  const folder = journalFolder(folderArgument(context.positionals));
  const found = await verifyFolder(folder.path, output);
  const [fault] = found.faults;
  if (fault !== undefined) {
    const where = `${fault.file}, offset ${fault.offset}, sequence ${fault.sequence}`;
    throw new UsageError(
      `the journal itself is damaged: ${where}: ${fault.what}; repair with another node's`,
    );
  }
  const servers = context.text('nats') ?? DEFAULT_NATS;
  const address = { servers, user: context.text('user'), pass: context.password };
  const transport = await connectBroker(address, 'foldbook-cli', 'name the broker with --nats');
  try {
    return await repairAt(transport, context, folder, found);
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    output.result({ ok: false, stream: folder.stream, code: error.code }, error.message);
    return 1;
  } finally {
    await transport.close();
  }
}

async function repairAt(
  transport: NatsTransport,
  context: CommandContext,
  folder: JournalFolder,
  found: SegmentVerification,
): Promise<number> {
  const { stream, subjects, reader: copy } = folder;
  const asked = context.integer('replicas', 1, 5) ?? 1;
  const state = await new JetStreamStore(transport).state(stream);
  const { firstSequence: first = 1, lastSequence: last } = found;
  const replicas = state?.replicas ?? asked;
  const store = new JetStreamStore(transport, { replicas, firstSequence: first });
  const isDry = context.flag('dry-run');
  const release = isDry ? async () => {} : await takeLease(transport, folder, replicas);
  let before = 0;
  let compared = 0;
  try {
    const onPlan = (plan: RepairPlan) => {
      before = plan.streamLast;
      compared = plan.compared;
      return isAgreed(context, stream, plan);
    };
    const appended = await repairStream({
      ...{ name: stream, copy, first, last, onPlan, isThere: state !== undefined },
      stream: store.reader(stream),
      holes: () => store.holes(stream),
      open: () => store.writer(stream, [subjects]),
      onProgress: (done, of) => context.output.progress('records', done, of),
    });
    const after = (await store.state(stream))?.lastSequence ?? 0;
    const isMended = isDry || after >= last;
    context.output.result(
      { ok: isMended, stream, before, after, compared, appended, dryRun: isDry },
      `${stream} ended at ${before} and ends at ${after}: ${plural(appended, 'record')} appended`,
    );
    return isMended ? 0 : 1;
  } finally {
    await release();
    await store.close();
  }
}

/** Says what is to be done, and asks; nothing is asked where nothing is to be done. */
async function isAgreed(
  { output, ...context }: CommandContext,
  stream: string,
  { streamLast, compared, from, to }: RepairPlan,
): Promise<boolean> {
  output.say(`${stream} ends at ${streamLast}; ${grouped(compared)} records are as in the journal`);
  if (from > to) {
    output.say('nothing is missing at its end');
    return false;
  }
  output.say(`${plural(to - from + 1, 'record')} of the journal to be appended: ${from} to ${to}`);
  if (context.flag('dry-run')) return false;
  if (context.flag('yes')) return true;
  if (process.stdin.isTTY !== true || output.json) {
    throw new UsageError('nothing was appended: give --yes, or --dry-run only to look');
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asking.question('append them? Type yes: ')).trim() === 'yes';
  } finally {
    asking.close();
  }
}

/**
 * Keeps nodes from opening the partition meanwhile. Waits for no more than the lease of a node that
 * is gone.
 */
async function takeLease(
  transport: NatsTransport,
  { partition }: JournalFolder,
  replicas: number,
): Promise<() => Promise<void>> {
  const table = new LeaseTable({
    store: await openNatsLeases(transport, { replicas }),
    node: 'foldbook journal repair',
  });
  const key = `partition.${partition}`;
  const { record } = await table.view(key);
  const node = record?.isHeld === true ? record.holder.node : undefined;
  const patience = AbortSignal.timeout((record?.leaseMs ?? 0) + LEASE_MS / 2);
  try {
    const lease = await table.acquire(key, {
      leaseMs: LEASE_MS,
      onLost: () => undefined,
      signal: patience,
    });
    return async () => void (await lease.release());
  } catch (error) {
    if (!patience.aborted) throw error;
    throw new UsageError(
      `${node ?? 'a process'} serves partition ${partition}, or waits to: end its nodes first`,
    );
  }
}
