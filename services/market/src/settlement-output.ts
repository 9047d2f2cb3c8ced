/** The durable diff stream of one market: settlement records, epoch marks, chain heads. */

import assert from 'node:assert/strict';
import { settlementRecord } from '@foldbook/engine';
import {
  BatchKind,
  ChainOffset,
  diffSubject,
  EventKind,
  EventOffset,
  RECORD_BYTES,
  writeCount,
  writeSettlement,
} from '@foldbook/protocol';
import type { BatchBuffers } from './batch-buffers.ts';
import type { DurableOutput } from './durable-output.ts';
import type { EpochSpan } from './log-chain.ts';
import type { Market } from './market-registry.ts';
import { noGeneration, OutputBatch } from './output-batch.ts';

export class SettlementOutput {
  readonly #batch: OutputBatch;
  readonly #output: DurableOutput;
  /** Events up to this market sequence were written by another process. */
  #covered: number;
  #recordIndex = 0;

  constructor(market: Market, output: DurableOutput, buffers: BatchBuffers) {
    const subject = diffSubject(market.partition, market.name);
    this.#output = output;
    this.#covered = output.covered(subject);
    this.#batch = new OutputBatch({
      kind: BatchKind.DIFF,
      market: market.id,
      generation: noGeneration,
      prev: this.#covered,
      send: (payload) => output.send(subject, payload),
      buffers,
    });
  }

  /** Settlement records so far, from genesis. */
  get records(): number {
    return this.#recordIndex;
  }

  /** Instead of the events so far. */
  restore(records: number): void {
    this.#recordIndex = records;
  }

  /** Another process has written what happened up to there. */
  cover(sequence: number): void {
    if (sequence <= this.#covered) return;
    this.#covered = sequence;
    this.#batch.startAfter(sequence);
  }

  /** TRADE, FEE or FUNDS: one settlement record. */
  movement(view: DataView, offset: number, sequence: number): void {
    const recordIndex = this.#recordIndex;
    this.#recordIndex += 1;
    if (this.#isTold(sequence)) return;
    const at = this.#batch.claim(sequence);
    const movement = settlementRecord(view, offset);
    assert(movement !== undefined, 'the caller passes events that move something');
    writeSettlement(this.#batch.view, at, { ...movement, sequence, recordIndex });
  }

  /** MARKET_CREATED, EPOCH_MARK and changes of the rules, as they are. */
  event(view: DataView, offset: number, sequence: number): void {
    if (!this.#isTold(sequence)) this.#batch.add(view, offset, sequence);
  }

  chainHead(span: EpochSpan, sequence: number): void {
    if (this.#isTold(sequence)) return;
    const at = this.#batch.claim(sequence);
    const view = this.#batch.view;
    for (let byte = 0; byte < RECORD_BYTES; byte += 8) view.setBigUint64(at + byte, 0n, true);
    view.setUint8(at + EventOffset.KIND, EventKind.CHAIN_HEAD);
    writeCount(view, at + ChainOffset.SEQUENCE, sequence);
    for (const [index, byte] of span.head.entries()) {
      view.setUint8(at + ChainOffset.HEAD + index, byte);
    }
    writeCount(view, at + ChainOffset.LOG_SEQUENCE, span.logLast);
    writeCount(view, at + ChainOffset.LOG_FIRST, span.logFirst);
  }

  flush(): void {
    this.#batch.flush();
  }

  /** By another process, which all is while the output is muted. */
  #isTold(sequence: number): boolean {
    if (this.#output.isMuted) this.cover(sequence);
    return sequence <= this.#covered;
  }
}
