import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { StreamRecord } from '@foldbook/runtime';
import { recover } from './recovery.ts';
import { createMarket } from './testing/commands.ts';
import { Pipeline } from './testing/pipeline.ts';

const MARKET = 'BTC-USD';

it('ends with the reason when the market thread will never answer', async () => {
  const first = new Pipeline();
  first.submit(MARKET, 0, [createMarket()]);
  await first.settle();
  const [group] = first.log.records;
  assert(group !== undefined);
  const halt = new AbortController();
  async function* records(): AsyncGenerator<StreamRecord> {
    yield { sequence: 1, ...(group ?? assert.fail()) };
    // After the log was read, while its commands are waited for.
    setImmediate(() => halt.abort(new Error('the market thread failed: unreachable')));
  }
  // Nothing drives the market agent of this one.
  const { markets, sequencer, dispatcher, publisher } = new Pipeline({ live: false });
  const agents = { markets, sequencer, dispatcher, publisher, host: undefined };
  await assert.rejects(
    recover({ ...agents, records: records(), signal: halt.signal }),
    /the market thread failed: unreachable/,
  );
  assert.equal(sequencer.pending, 1);
});
