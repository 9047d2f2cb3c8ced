/**
 * What holds once a world has come to rest: everybody who was told something was told what the log
 * says, all of it, and nothing twice.
 */

import { isDeepStrictEqual } from 'node:util';
import { requestKey } from '@foldbook/engine';
import {
  BatchKind,
  CommandOffset,
  decodeBatchHeader,
  decodeReply,
  diffStream,
  diffSubject,
  EventKind,
  isBinaryBatch,
  type MarketEvent,
  parseClientSubject,
  RECORD_BYTES,
  ResultCode,
  readEvents,
  readSettlement,
  reportStream,
  reportSubject,
  viewOf,
} from '@foldbook/protocol';
import type { ReferenceMarket } from './reference.ts';
import type { Heard } from './sim-trader.ts';
import { checkOutcome } from './told-outcome.ts';
import type { Answered, World } from './world.ts';

/** The one that there is. */
const PARTITION = 0;
const MAX_BATCH_RECORDS = 2 ** 17;

export function checkWorld(world: World): void {
  if (world.reference.lostRecords === 0) {
    for (const answer of world.answers) checkAnswer(world, answer);
    for (const told of world.outcomes) checkOutcome(world, told);
    for (const { lives } of world.traders) for (const life of lives) checkLife(world, life);
  }
  for (const market of world.reference.markets) {
    for (const [account, records] of market.reports) checkReports(world, market, account, records);
    checkSettlement(world, market);
  }
}

/** What was acknowledged is in the log where the acknowledgement says. */
function checkAnswer(world: World, { subject, payload, answer }: Answered): void {
  const reply = decodeReply(answer);
  if (!reply.ok || reply.value.code !== ResultCode.OK || reply.value.logSequence === 0) return;
  const { logSequence, events } = reply.value;
  const [kind, name = ''] = subject.split('.');
  const market = world.reference.market(name);
  if (market === undefined) {
    world.violation(`${subject}: answered, and the log has no such market`);
    return;
  }
  if (kind === 'cmd') checkReceived(world, market, { subject, payload, logSequence });
  else if (kind === 'adm') checkExecuted(world, market, subject, events);
}

function checkReceived(
  world: World,
  market: ReferenceMarket,
  told: { readonly subject: string; readonly payload: Uint8Array; readonly logSequence: number },
): void {
  const sender = parseClientSubject(told.subject);
  if (sender === undefined || !isBinaryBatch(told.payload)) return;
  world.coverage.add('acknowledgements checked');
  const view = viewOf(told.payload);
  for (let at = RECORD_BYTES; at < told.payload.byteLength; at += RECORD_BYTES) {
    const requestId = view.getBigUint64(at + CommandOffset.REQUEST_ID, true);
    const session = view.getUint16(at + CommandOffset.SESSION, true);
    const request = requestKey(sender.account, session, requestId);
    const carried = market.carriedIn(request);
    if (carried.includes(told.logSequence)) continue;
    const where = carried.length === 0 ? 'nowhere' : `at ${carried.join(', ')}`;
    world.violation(
      `${market.name}: request ${request} was acknowledged at log sequence ${told.logSequence}, ` +
        `the log has it ${where}`,
    );
  }
}

function checkExecuted(
  world: World,
  market: ReferenceMarket,
  subject: string,
  events: readonly MarketEvent[],
): void {
  for (const event of events) {
    world.coverage.add('answers checked');
    const expected = market.events.get(event.sequence);
    const isThere = readEvents(expected ?? new Uint8Array(0)).some((known) =>
      isDeepStrictEqual(known, event),
    );
    if (!isThere) {
      const what = `${event.type} at ${event.sequence}`;
      world.violation(`${subject} was answered ${what}, which the log does not give`);
    }
  }
}

/** A trader heard everything that its account was told since its feed was open, once, in order. */
function checkLife(world: World, life: Heard): void {
  const { process, market: name, account, events, client, isOver, fromSequence } = life;
  const market = world.reference.market(name);
  const records = market?.reports.get(account) ?? [];
  const expected = records.flatMap((record) => readEvents(record));
  const who = `${process}, account ${account} in ${name}`;
  const first = events[0];
  if (client.gaps > 0) world.violation(`${who} counts ${client.gaps} gaps in its reports`);
  let at =
    first === undefined
      ? expected.length
      : expected.findIndex(({ sequence }) => sequence === first.sequence);
  const missed = expected.slice(0, at).findLast(({ sequence }) => sequence > fromSequence);
  if (!(isOver && first === undefined) && missed !== undefined) {
    world.violation(`${who} never heard ${missed.type} at ${missed.sequence}`);
  }
  for (const event of events) {
    if (!isDeepStrictEqual(event, expected[at])) {
      const other = expected[at];
      const right = other === undefined ? 'nothing more' : `${other.type} at ${other.sequence}`;
      world.violation(`${who} heard ${event.type} at ${event.sequence}; the log gives ${right}`);
      return;
    }
    at += 1;
  }
  world.coverage.add('reports checked', events.length);
  if (isOver || at >= expected.length) return;
  const next = expected[at];
  world.violation(`${who} never heard ${next?.type} at ${next?.sequence}`);
}

/** The durable reports of an account are the reference's, batch behind batch. */
function checkReports(
  world: World,
  market: ReferenceMarket,
  account: number,
  expected: readonly Uint8Array[],
): void {
  const subject = reportSubject(PARTITION, account, market.name);
  const found = batchesOf(world, reportStream(PARTITION), subject, BatchKind.REPORTS);
  compareRecords(world, subject, found, expected);
}

function checkSettlement(world: World, market: ReferenceMarket): void {
  const subject = diffSubject(PARTITION, market.name);
  const expected = [...market.settlements()];
  const records = batchesOf(world, diffStream(PARTITION), subject, BatchKind.DIFF);
  const found = records
    .filter((record) => record[0] === EventKind.SETTLEMENT)
    .map((record) => readSettlement(viewOf(record), 0));
  for (const [recordIndex, move] of expected.entries()) {
    if (isDeepStrictEqual(found[recordIndex], { ...move, recordIndex })) continue;
    world.violation(`${subject}: settlement record ${recordIndex} is not what the log gives`);
    return;
  }
  if (found.length > expected.length) world.violation(`${subject} has more than the log gives`);
  world.coverage.add('settlement records checked', expected.length);
}

/** The records of a subject of an output stream; each batch has to name the one before it. */
function batchesOf(world: World, stream: string, subject: string, kind: BatchKind): Uint8Array[] {
  const records: Uint8Array[] = [];
  let last = 0;
  for (const stored of world.broker.findStream(stream)?.records ?? []) {
    if (stored.subject !== subject) continue;
    const header = decodeBatchHeader(stored.payload, kind, MAX_BATCH_RECORDS);
    if (!header.ok) {
      world.violation(`${subject}: record ${stored.sequence} is no batch: ${header.name}`);
      return records;
    }
    if (header.value.prev !== last) {
      const { prev } = header.value;
      world.violation(`${subject}: record ${stored.sequence} follows ${prev}, not ${last}`);
    }
    last = header.value.last;
    for (let at = RECORD_BYTES; at < stored.payload.byteLength; at += RECORD_BYTES) {
      records.push(stored.payload.subarray(at, at + RECORD_BYTES));
    }
  }
  return records;
}

function compareRecords(
  world: World,
  subject: string,
  found: readonly Uint8Array[],
  expected: readonly Uint8Array[],
): void {
  for (const [index, record] of expected.entries()) {
    const other = found[index];
    if (other !== undefined && Buffer.compare(record, other) === 0) continue;
    const what = other === undefined ? 'is missing' : 'is not what the log gives';
    world.violation(`${subject}: report ${index} of ${expected.length} ${what}`);
    return;
  }
  if (found.length > expected.length) {
    world.violation(`${subject}: ${found.length} reports, the log gives ${expected.length}`);
  }
}
