/** That each record of a stream is by the owner whose barrier is the last before it. */
import { decodeTerm, isTermSubject, type Term } from '@foldbook/protocol';

export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  /** `<writer>:<number>`; empty where none was sent. */
  readonly messageId: string;
}

export interface Barrier extends Term {
  readonly sequence: number;
}

export class StreamFence {
  readonly barriers: Barrier[] = [];
  /** Of all records that have one. */
  readonly messageIds = new Set<string>();
  readonly #stream: string;
  readonly #onViolation: (words: string) => void;
  readonly #former = new Set<string>();
  #last = 0;
  /** Of the last barrier; empty until it has written. */
  #writer = '';
  #ownedTerm = 0;

  constructor(stream: string, onViolation: (words: string) => void) {
    this.#stream = stream;
    this.#onViolation = onViolation;
  }

  get lastSequence(): number {
    return this.#last;
  }

  take(message: StoredMessage): void {
    const { sequence, subject, messageId } = message;
    const expected = this.#last + 1;
    if (sequence !== expected) this.#tell(sequence, `follows ${this.#last}`);
    this.#last = sequence;
    if (messageId !== '') {
      if (this.messageIds.has(messageId)) this.#tell(sequence, `is ${messageId} a second time`);
      this.messageIds.add(messageId);
    }
    const writer = messageId.split(':')[0] ?? '';
    if (isTermSubject(subject)) this.#begin(message, writer);
    else this.#checkWriter(sequence, writer);
  }

  #begin({ sequence, payload }: StoredMessage, writer: string): void {
    const term = decodeTerm(payload);
    if (!term.ok) {
      this.#tell(sequence, `is no term: ${term.name}`);
      return;
    }
    this.barriers.push({ ...term.value, sequence });
    if (this.#writer !== '') this.#former.add(this.#writer);
    this.#writer = writer;
  }

  #checkWriter(sequence: number, writer: string): void {
    const barrier = this.barriers.at(-1);
    if (barrier === undefined || writer === '') {
      this.#tell(sequence, barrier === undefined ? 'has no barrier before it' : 'names no writer');
      return;
    }
    const { term, node } = barrier;
    if (this.#former.has(writer)) {
      this.#tell(sequence, `is of an earlier owner, behind the barrier of term ${term} (${node})`);
      return;
    }
    if (this.#writer === writer) return;
    if (this.#writer !== '') this.#tell(sequence, `is of a second writer in term ${term}`);
    if (term <= this.#ownedTerm) {
      this.#tell(sequence, `is of term ${term}, behind term ${this.#ownedTerm}`);
    }
    this.#writer = writer;
    this.#ownedTerm = term;
  }

  #tell(sequence: number, words: string): void {
    this.#onViolation(`${this.#stream}: record ${sequence} ${words}`);
  }
}
