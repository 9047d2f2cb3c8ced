/**
 * Signed receipts, for the messages that ask for one. The signature is made by a thread of the
 * pool, so the market's own goes on with the next group; its answer goes out when it is there.
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import {
  BatchOffset,
  encodeReceipt,
  encodeReply,
  RECORD_BYTES,
  ReceiptOffset,
  receiptMessage,
  viewOf,
} from '@foldbook/protocol';
import type { Logger, SigningKey } from '@foldbook/runtime';
import type { Asker } from './group-builder.ts';
import type { CommittedGroup, Market } from './market-registry.ts';

/** Signatures on their way at most: a tenth of a second's work of one core. */
const MAX_SIGNING = 2_048;

export interface ReceiptKey {
  readonly key: SigningKey;
  /** The operator's word for the key; undefined while there is none. */
  readonly certificate: Uint8Array | undefined;
}

export interface ReceiptDeskParts extends ReceiptKey {
  readonly partition: number;
  readonly logger: Logger;
  readonly sendReply: (subject: string, payload: Uint8Array) => void;
}

/** A group, and the market sequences of its commands. */
export interface ReceiptedGroup extends CommittedGroup {
  readonly first: number;
  readonly last: number;
}

export class ReceiptDesk {
  readonly #parts: ReceiptDeskParts;
  /** Of the ownership that it signs for; undefined while another process has the partition. */
  #term: number | undefined;
  #signing = 0;

  constructor(parts: ReceiptDeskParts) {
    this.#parts = parts;
  }

  /** The partition is this process's: it signs what it appends, under this term. */
  begin(term: number): void {
    assert(this.#term === undefined, 'a process has a partition once');
    this.#term = term;
  }

  /** No receipt may be asked for until some are signed. */
  get isFull(): boolean {
    return this.#signing >= MAX_SIGNING;
  }

  /** Signs what is known of the group and sends the answer, `events` with it. */
  answer(market: Market, group: ReceiptedGroup, asker: Asker, events: Uint8Array): void {
    const { partition, key, logger, sendReply } = this.#parts;
    const term = this.#term;
    assert(term !== undefined, 'who follows another owner has no askers');
    const { logSequence, payload, first, last, head } = group;
    const own = payload.subarray(
      (1 + asker.index) * RECORD_BYTES,
      (1 + asker.index + asker.count) * RECORD_BYTES,
    );
    const receipt = encodeReceipt({
      ...{ market: market.name, partition, term, logSequence, first, last, head },
      timeNs: viewOf(payload).getBigInt64(BatchOffset.TIME_NS, true),
      ownFirst: first + asker.index,
      ownCount: asker.count,
      ownHash: hash('sha256', own, 'buffer'),
      publicKey: key.publicKey,
    });
    this.#signing += 1;
    key.signAside(receiptMessage(receipt)).then(
      (signature) => {
        this.#signing -= 1;
        receipt.set(signature, ReceiptOffset.SIGNATURE);
        const reply = encodeReply(asker.encoding, logSequence, events, receipt);
        sendReply(asker.replySubject, reply);
      },
      (error: unknown) => {
        this.#signing -= 1;
        // Unanswered, the sender asks again; a reply without its receipt would settle the matter.
        logger.error('a receipt could not be signed', { detail: String(error) });
      },
    );
  }
}
