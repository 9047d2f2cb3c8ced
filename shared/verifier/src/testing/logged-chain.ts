/** A random market's log, and a chain that is signed for it. Made by the engine's naive twin. */
import { createNaiveEngine, RandomFlow, RESULT_CAPACITY, settlementRecord } from '@foldbook/engine';
import {
  BatchKind,
  CommandKind,
  CommandOffset,
  type EpochMark,
  encodeBatch,
  RECORD_BYTES,
  readEvent,
  viewOf,
} from '@foldbook/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { assert } from '../assert.ts';
import { concatBytes } from '../bytes.ts';
import { HASH_BYTES } from '../header.ts';
import type { LogRecord } from '../replay/log-replay.ts';
import { ruleChange, ruleEvent } from '../replay/rule-change.ts';
import { RULES_START, type RuleChange, rulesHashAfter } from '../rules.ts';
import type { SettlementRecord } from '../settlement-record.ts';
import { ChainBuilder, type Cheats } from './chain-builder.ts';

const MARKET = 3;
/** Other markets' groups lie between. */
const LOG_STEP = 2;

/** What a market made of one epoch. */
export interface MadeEpoch {
  readonly records: SettlementRecord[];
  readonly changes: RuleChange[];
  readonly mark: EpochMark;
  readonly logFirst: number;
  readonly logLast: number;
  readonly logHeadEnd: Uint8Array;
}

/** A market's log of `epochs` epochs of some 20 groups, and what its market made of it. */
export function randomLog(seed: number, epochs: number): { log: LogRecord[]; made: MadeEpoch[] } {
  const engine = createNaiveEngine({ resultCapacity: RESULT_CAPACITY });
  const log: LogRecord[] = [];
  const made: MadeEpoch[] = [];
  let head: Uint8Array = new Uint8Array(HASH_BYTES);
  let open: Pick<MadeEpoch, 'records' | 'changes'> = { records: [], changes: [] };
  let first = LOG_STEP;
  let settled = 0;
  const apply = (records: Uint8Array, timeNs: bigint): void => {
    const payload = encodeBatch({ kind: BatchKind.GROUP, market: MARKET, timeNs }, records);
    const sequence = LOG_STEP * (log.length + 1);
    log.push({ sequence, payload });
    head = sha256(concatBytes(head, payload));
    let mark: EpochMark | undefined;
    engine.apply(records, records.length / RECORD_BYTES, timeNs, (block, count) => {
      const view = viewOf(block);
      for (let at = 0; at < count * RECORD_BYTES; at += RECORD_BYTES) {
        const move = settlementRecord(view, at);
        const event = readEvent(view, at);
        const rules = ruleEvent(event);
        if (move !== undefined) {
          const { kind, a, b, price, base, quote } = move;
          open.records.push({ kind, a, b, price, dBase: base, dQuote: quote });
          settled += 1;
        }
        if (rules !== undefined) open.changes.push(ruleChange(rules, settled));
        if (event?.type === 'epoch') mark = event;
      }
    });
    if (mark === undefined) return;
    made.push({ ...open, mark, logFirst: first, logLast: sequence, logHeadEnd: head });
    open = { records: [], changes: [] };
    first = sequence + LOG_STEP;
  };
  // Epochs end with a group, so the flow closes none.
  const flow = new RandomFlow(seed, { weights: { epoch: 0, garbage: 0 } });
  let inEpoch = 0;
  for (const { records, timeNs } of flow.groups(Number.MAX_SAFE_INTEGER)) {
    apply(records, timeNs);
    inEpoch += 1;
    if (inEpoch < 20) continue;
    inEpoch = 0;
    const close = new Uint8Array(RECORD_BYTES);
    close[CommandOffset.KIND] = CommandKind.CLOSE_EPOCH;
    apply(close, timeNs);
    if (made.length === epochs) break;
  }
  return { log, made };
}

/** What a header has of its epoch's log. */
export function loggedFields({ mark, ...log }: Omit<MadeEpoch, 'records' | 'changes'>) {
  return {
    ...{ logFirst: BigInt(log.logFirst), logLast: BigInt(log.logLast) },
    ...{ logHeadEnd: log.logHeadEnd, stateHash: mark.stateHash, timeNs: mark.timeNs },
    sequenceFirst: BigInt(mark.sequenceFirst),
    sequenceLast: BigInt(mark.sequence),
  };
}

/** Signs what a market made; `cheats` bend the epochs that they are given for. */
export function chainOf(made: readonly MadeEpoch[], cheats: readonly Cheats[] = []): ChainBuilder {
  const creation = made[0]?.changes[0];
  assert(creation !== undefined, 'a market begins with its creation');
  const rulesHash = rulesHashAfter(RULES_START, [creation]);
  const chain = new ChainBuilder({ market: MARKET, genesis: { rulesHash } });
  for (const [index, { records, changes, mark, ...log }] of made.entries()) {
    const cheat = cheats[index] ?? {};
    chain.addEpoch(
      records,
      {
        ...cheat,
        draft: (draft) => {
          draft.changes = [...changes];
          cheat.draft?.(draft);
        },
        header: (header) => {
          Object.assign(header, loggedFields({ mark, ...log }));
          cheat.header?.(header);
        },
      },
      [],
    );
  }
  return chain;
}
