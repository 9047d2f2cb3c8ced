/** Level replay of a STARK chain: the same log, records and rules as of any other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReasonCode } from '../reason-codes.ts';
import { RULES_START, rulesHashAfter } from '../rules.ts';
import { kernelCommitments } from '../stark/kernel-commitments.ts';
import { loggedFields, type MadeEpoch, randomLog } from '../testing/logged-chain.ts';
import { memorySource } from '../testing/memory-store.ts';
import { StarkChainBuilder, type StarkCheats } from '../testing/stark-chain-builder.ts';
import { verifyChain } from '../verify-chain.ts';
import { createReplayEngine, LogReplay } from './log-replay.ts';

const { log, made } = randomLog(11, 2);
const rulesHash = rulesHashAfter(RULES_START, made[0]?.changes.slice(0, 1) ?? []);

function chainOf(epochs: readonly MadeEpoch[], header?: StarkCheats['header']): StarkChainBuilder {
  const chain = new StarkChainBuilder({ genesis: { rulesHash } });
  for (const { records, changes, ...epoch } of epochs) {
    chain.addEpoch(records, {
      changes,
      header: (fields) => {
        Object.assign(fields, loggedFields(epoch));
        header?.(fields);
      },
    });
  }
  return chain;
}

async function replayed({ files }: StarkChainBuilder) {
  async function* stream() {
    yield* log;
  }
  const replay = new LogReplay({ log: stream(), engine: await createReplayEngine() });
  const options = { level: 'replay', replay, commitments: kernelCommitments } as const;
  return verifyChain(memorySource(files), options);
}

test('a STARK chain follows from its log, with and without published records', async () => {
  const chain = chainOf(made);
  const result = await replayed(chain);
  assert(result.ok, JSON.stringify(!result.ok && result.firstFailure));
  assert.deepEqual([result.level, result.backend, result.epochs], ['replay', 'stark', 2]);
  for (const name of chain.files.keys()) if (/fb[rd]$/.test(name)) chain.files.delete(name);
  assert((await replayed(chain)).ok, 'the log has the records');
});

test('headers that say otherwise than the log are refused', async () => {
  const cases: [StarkCheats['header'], ReasonCode][] = [
    [(header) => (header.stateHash += 1n), 'REPLAY_STATE'],
    [(header) => (header.logHeadEnd = new Uint8Array(32)), 'LOG_DIFFERS'],
  ];
  for (const [header, code] of cases) {
    const result = await replayed(chainOf(made.slice(0, 1), header));
    assert(!result.ok);
    assert.equal(result.firstFailure.code, code);
  }
});
