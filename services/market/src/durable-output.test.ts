import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type BatchHeader, BatchKind, BatchOffset, encodeBatch, viewOf } from '@foldbook/protocol';
import { SegmentStore, StreamError } from '@foldbook/runtime';
import { type Coverage, checkCoverage, OutputError, readCoverage } from './durable-output.ts';
import { Market, MarketRegistry } from './market-registry.ts';

const NO_RECORDS = new Uint8Array(0);
const FILTER = 'rpt.0.*.*';

const reports = (fields: Partial<BatchHeader>) =>
  encodeBatch({ kind: BatchKind.REPORTS, market: 1, ...fields }, NO_RECORDS);

/** What a market finds in RPT_0 when these were written to it, one after the other. */
async function coverageOf(
  test: TestContext,
  written: readonly (readonly [subject: string, payload: Uint8Array])[],
  barrier?: number,
): Promise<Coverage> {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-output-'));
  const store = new SegmentStore({ dir });
  test.after(async () => {
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });
  const writer = await store.writer('RPT_0', [FILTER]);
  for (const [subject, payload] of written) await writer.append(subject, payload);
  const reader = store.reader('RPT_0');
  const kind = BatchKind.REPORTS;
  return readCoverage({ stream: 'RPT_0', reader, filter: FILTER, kind, barrier });
}

function marketsAt(sequence: number): MarketRegistry {
  const markets = new MarketRegistry(0);
  const market = new Market('M', 1, 0);
  market.sequence = sequence;
  markets.add(market);
  return markets;
}

describe('what an output stream covers', () => {
  it('is what the last batch of each subject says', async (test) => {
    const coverage = await coverageOf(test, [
      ['rpt.0.7.M', reports({ first: 1, last: 4 })],
      ['rpt.0.8.M', reports({ first: 2, last: 3 })],
      ['rpt.0.7.M', reports({ first: 5, last: 9, prev: 4 })],
    ]);
    const found = [...coverage].map(([subject, { last }]) => [subject, last]);
    assert.deepEqual(Object.fromEntries(found), { 'rpt.0.7.M': 9, 'rpt.0.8.M': 3 });
    checkCoverage('RPT_0', coverage, marketsAt(9));
  });

  it('is not what an owner wrote that followed whoever asks', async (test) => {
    const written: [string, Uint8Array][] = [
      ['rpt.0.7.M', reports({ first: 1, last: 4 })],
      ['rpt.0.8.M', reports({ first: 2, last: 3 })],
    ];
    assert.equal((await coverageOf(test, written, 2)).size, 2);
    const isStale = (error: unknown) =>
      error instanceof StreamError && error.code === 'STALE_WRITER';
    await assert.rejects(coverageOf(test, written, 1), isStale);
  });

  it('is refused, with where and what to do, when something else wrote there', async (test) => {
    const unsafe = reports({ last: 1 });
    viewOf(unsafe).setBigUint64(BatchOffset.LAST, 2n ** 53n, true);
    const strange: readonly [string, Uint8Array, RegExp][] = [
      ['an answer', new Uint8Array(60).fill(0x81), /TRUNCATED at byte 60/],
      ['zeros', new Uint8Array(64), /MALFORMED at byte 0/],
      ['another kind', encodeBatch({ kind: BatchKind.DIFF }, NO_RECORDS), /UNKNOWN_KIND at byte 3/],
      ['no safe integer', unsafe, /FIELD_RANGE at byte 40/],
    ];
    for (const [what, payload, problem] of strange) {
      const reading = coverageOf(test, [
        ['rpt.0.7.M', reports({ last: 4 })],
        ['rpt.0.8.M', payload],
      ]);
      await assert.rejects(reading, (error) => {
        assert(error instanceof OutputError, what);
        assert.match(error.message, /record 2 of RPT_0 \(rpt\.0\.8\.M\) was not written by a /);
        assert.match(error.message, problem);
        assert.match(error.message, /keep it out, then remove the stream RPT_0/);
        return true;
      });
    }
  });

  it('may not reach beyond the log, nor name markets that the log does not have', async (test) => {
    const coverage = await coverageOf(test, [['rpt.0.7.M', reports({ last: 9 })]]);
    const refuses = (found: Coverage, markets: MarketRegistry, words: RegExp) =>
      assert.throws(
        () => checkCoverage('RPT_0', found, markets),
        (error) => {
          assert(error instanceof OutputError);
          assert.match(error.message, words);
          assert.match(error.message, /restore the log from a copy/);
          return true;
        },
      );
    refuses(coverage, marketsAt(8), /rpt\.0\.7\.M reaches sequence 9, but the log ends at 8 of M/);
    refuses(coverage, new MarketRegistry(0), /but the log has no market M/);
    const other = await coverageOf(test, [['rpt.0.7.M', reports({ market: 2, last: 9 })]]);
    refuses(other, marketsAt(9), /ends with a batch of market 2, but M is market 1 in the log/);
  });
});
