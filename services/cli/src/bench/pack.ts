/** `bench pack`: what settlement records, net changes and the state of a market come to, packed. */
import { basename } from 'node:path';
import { threadCpuUsage } from 'node:process';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { loadKernel, packPiece, unpackPiece } from '@foldbook/engine';
import { netDeltas, packDiffs, packRecords, unpackDiffs, unpackRecords } from '@foldbook/verifier';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { playing, readMessageFile } from '../message-file.ts';
import { grouped } from '../output.ts';
import { machineWords, thisMachine } from './machine.ts';
import { MAKER_PPM, type PackFlow, packFlow, TAKER_PPM } from './pack-flow.ts';
import { marketState } from './pack-state.ts';

const DEFAULT_ACCOUNTS = 1_000;
const MAX_ACCOUNTS = 2_000;
const DEFAULT_EPOCH = 16_384;
const MAX_EPOCH = 2 ** 21;
const RECORD_BYTES = 32;
/** As the proof store has its data, and checkpoints their pieces. */
const STORE_LEVEL = 12;
const CHECKPOINT_LEVEL = 3;
/** Two amounts of 8 bytes and an account of 3. */
const DIFF_BYTES = 19;

export const pack: CliCommand = {
  name: 'bench pack',
  summary: 'bytes of records, net changes and market state, packed and compressed',
  help: `
Usage: foldbook bench pack FILE... [options]

Plays message files of the public matching challenge (.bin or .bin.zst) through the engine, each
order in the name of the account that its id falls to (rates in ppm: maker ${MAKER_PPM},
taker ${TAKER_PPM}), and packs what comes of it: the settlement records and the net changes of
each epoch as the proof store has them, the accounts and open orders at the end, and the whole
checkpoint. All of it is unpacked again and compared; exit status 1 if anything differs.

  --accounts N      that the orders belong to, up to ${grouped(MAX_ACCOUNTS)}
                    (default ${grouped(DEFAULT_ACCOUNTS)})
  --epoch N         settlement records an epoch (default ${grouped(DEFAULT_EPOCH)})
  --json            {"file","records":{...},"diffs":{...},"state":{...},"checkpoint":{...}},
                    a line each

State is compared with JSON that names its fields and sides and leaves out zeros, and with the
kernel's own records in memory (128 bytes an account, 64 an order), without maps and levels. Times
are those of the thread.

Example: foldbook bench pack orders_normal_s23.bin.zst orders_static_s23.bin.zst`,
  takes: ['FILE...'],
  options: { accounts: { type: 'string' }, epoch: { type: 'string' } },
  run: measure,
};

async function measure(context: CommandContext): Promise<number> {
  const { output, positionals } = context;
  if (positionals.length === 0) throw new UsageError('name at least one message file');
  const accounts = context.integer('accounts', 1, MAX_ACCOUNTS) ?? DEFAULT_ACCOUNTS;
  const epoch = context.integer('epoch', 1, MAX_EPOCH) ?? DEFAULT_EPOCH;
  const kernel = await loadKernel();
  let isSame = true;
  for (const path of positionals) {
    const bytes = await readMessageFile(path);
    const flow = playing(path, () => packFlow(kernel, bytes, accounts));
    const data = measureData(flow, epoch);
    const state = measureState(flow);
    const { messages, trades } = flow;
    const file = basename(path);
    const row = { file, messages, trades, accounts, epoch, ...data, ...state };
    output.result(row, words(row));
    isSame &&= data.isSame && state.isSame;
  }
  output.say(`machine: ${machineWords(thisMachine())}`);
  if (!isSame) process.stderr.write('foldbook: what was unpacked is not what was packed\n');
  return isSame ? 0 : 1;
}

function measureData({ records, trades }: PackFlow, epoch: number) {
  const raw = records.length * RECORD_BYTES;
  const sizes = { packed: 0, stored: 0 };
  const diffs = { epochs: 0, accounts: 0, raw: 0, packed: 0, stored: 0 };
  let isSame = true;
  let packUs = 0;
  let unpackUs = 0;
  for (let first = 0; first < records.length; first += epoch) {
    const part = records.slice(first, first + epoch);
    const [packed, packTook] = timed(() => packRecords(part));
    const [again, unpackTook] = timed(() => unpackRecords(packed, part.length));
    packUs += packTook;
    unpackUs += unpackTook;
    sizes.packed += packed.length;
    sizes.stored += compressed(packed, STORE_LEVEL);
    isSame &&= again.ok && Buffer.compare(packRecords(again.value), packed) === 0;
    const deltas = netDeltas(part);
    const changes = packDiffs(deltas);
    const read = unpackDiffs(changes);
    isSame &&= read.ok && read.value.length === deltas.length;
    diffs.epochs += 1;
    diffs.accounts += deltas.length;
    diffs.raw += DIFF_BYTES * deltas.length;
    diffs.packed += changes.length;
    diffs.stored += compressed(changes, STORE_LEVEL);
  }
  const perThousand = (bytes: number) => Math.round((1_000 * bytes) / Math.max(1, trades));
  return {
    isSame,
    records: {
      count: records.length,
      bytesPer1000Trades: {
        raw: perThousand(raw),
        packed: perThousand(sizes.packed),
        stored: perThousand(sizes.stored),
      },
      ratio: rounded(raw / sizes.stored),
      packUsPerRecord: rounded(packUs / records.length),
      unpackUsPerRecord: rounded(unpackUs / records.length),
    },
    diffs: { ...diffs, ratio: rounded(diffs.raw / diffs.stored) },
  };
}

function measureState({ pieces }: PackFlow) {
  const state = marketState(pieces);
  const { accounts, orders, results, jsonBytes, memoryBytes, resultBytes } = state;
  const alone = packAll(state.pieces);
  const whole = packAll(pieces);
  const raw = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return {
    isSame: alone.isSame && whole.isSame,
    state: {
      accounts,
      orders,
      jsonBytes,
      memoryBytes,
      storedBytes: alone.stored,
      jsonRatio: rounded(jsonBytes / alone.stored),
      memoryRatio: rounded(memoryBytes / alone.stored),
    },
    checkpoint: {
      results,
      snapshotBytes: raw,
      memoryBytes: memoryBytes + resultBytes,
      storedBytes: whole.stored,
      snapshotRatio: rounded(raw / whole.stored),
      memoryRatio: rounded((memoryBytes + resultBytes) / whole.stored),
      pieces: pieces.length,
      packMs: rounded(whole.packUs / 1_000),
      unpackMs: rounded(whole.unpackUs / 1_000),
    },
  };
}

function packAll(pieces: readonly Uint8Array[]) {
  let [stored, packUs, unpackUs, isSame] = [0, 0, 0, true];
  for (const piece of pieces) {
    const [frame, packTook] = timed(() => frameOf(packPiece(piece), CHECKPOINT_LEVEL));
    const [again, unpackTook] = timed(() =>
      unpackPiece(zstdDecompressSync(frame), piece.byteLength),
    );
    stored += frame.byteLength;
    packUs += packTook;
    unpackUs += unpackTook;
    isSame &&= Buffer.compare(again, piece) === 0;
  }
  return { stored, packUs, unpackUs, isSame };
}

/** What it gives, and the thread's own time, us. */
function timed<T>(work: () => T): [T, number] {
  const before = threadCpuUsage();
  const result = work();
  const { user, system } = threadCpuUsage(before);
  return [result, user + system];
}

const frameOf = (bytes: Uint8Array, level: number) =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
const compressed = (bytes: Uint8Array, level: number) => frameOf(bytes, level).byteLength;

const rounded = (value: number) => Math.round(value * 100) / 100;

type Row = { readonly file: string; readonly messages: number; readonly trades: number } & Omit<
  ReturnType<typeof measureData>,
  'isSame'
> &
  Omit<ReturnType<typeof measureState>, 'isSame'>;

function words({ file, messages, trades, records, diffs, state, checkpoint }: Row): string {
  const { raw, packed, stored } = records.bytesPer1000Trades;
  return [
    `${file}: ${grouped(messages)} messages, ${grouped(trades)} trades`,
    `  ${grouped(records.count)} records, bytes per 1,000 trades: ${grouped(raw)} raw, ` +
      `${grouped(packed)} packed, ${grouped(stored)} with zstd (${records.ratio} times smaller; ` +
      `${records.packUsPerRecord} us a record to pack, ${records.unpackUsPerRecord} to unpack)`,
    `  net changes of ${grouped(diffs.accounts)} accounts in ${diffs.epochs} epochs: ` +
      `${grouped(diffs.raw)} bytes raw, ${grouped(diffs.packed)} packed, ` +
      `${grouped(diffs.stored)} with zstd (${diffs.ratio})`,
    `  state, ${grouped(state.accounts)} accounts and ${grouped(state.orders)} orders: ` +
      `${grouped(state.storedBytes)} bytes; JSON ${grouped(state.jsonBytes)} ` +
      `(${state.jsonRatio}), in memory ${grouped(state.memoryBytes)} (${state.memoryRatio})`,
    `  checkpoint, with ${grouped(checkpoint.results)} results of requests: ` +
      `${grouped(checkpoint.storedBytes)} bytes; snapshot ${grouped(checkpoint.snapshotBytes)} ` +
      `(${checkpoint.snapshotRatio}), in memory ${grouped(checkpoint.memoryBytes)} ` +
      `(${checkpoint.memoryRatio}); ${checkpoint.packMs} ms to pack, ${checkpoint.unpackMs} to ` +
      `unpack, in ${checkpoint.pieces} pieces`,
  ].join('\n');
}
