/**
 * Checks the receipt of every batch that a client sends, keeps it, and holds it against those that
 * were kept before: an owner who signs two stories is found out here, with the evidence in hand.
 */
import { hash } from 'node:crypto';
import {
  CommandOffset,
  decodeReceipt,
  RECORD_BYTES,
  type Receipt,
  type Reply,
  receiptMessage,
  viewOf,
} from '@foldbook/protocol';
import { signatureCheck, type Transport } from '@foldbook/runtime';
import { isCertified, isSoundKey, ReceiptBook } from '@foldbook/verifier/receipts';
import { ClientError } from './client-error.ts';
import { askInfo } from './market-info.ts';
import type { ReceiptStore } from './receipt-file.ts';

export interface ReceiptOptions {
  readonly store: ReceiptStore;
  /**
   * The operator's key, which the genesis of the market's chain names: the keys of receipts have to
   * be certified by it. Without, a key is taken that the market itself tells (`info`), and what it
   * signs is evidence against the owner of that key, whoever that is. Of an operator that changed
   * its key: all of them, the present one last. Each node is asked for the last one's certificate,
   * since what the others certified does not bind the operator for ever.
   */
  readonly operatorKey?: Uint8Array | readonly Uint8Array[] | undefined;
}

interface Sender {
  readonly transport: Transport;
  readonly market: string;
  readonly account: number;
}

type SignatureCheck = NonNullable<ReturnType<typeof signatureCheck>>;

export class ReceiptKeeper {
  readonly #sender: Sender;
  readonly #options: ReceiptOptions;
  readonly #book = new ReceiptBook();
  readonly #certificates: Uint8Array[];
  /** By key, hex. */
  readonly #checks = new Map<string, SignatureCheck>();
  /** Those that were told by the market, or certified. */
  readonly #keys = new Set<string>();

  /** Throws ClientError for receipts of before that disagree or that nobody signed. */
  constructor(sender: Sender, options: ReceiptOptions) {
    this.#sender = sender;
    this.#options = options;
    this.#certificates = [...options.store.certificates];
    for (const bytes of options.store.receipts) {
      const decoded = decodeReceipt(bytes);
      if (!decoded.ok) throw bad(`one of the store can't be read: ${decoded.detail}`);
      this.#checkSignature(decoded.value);
      this.#compare(decoded.value);
    }
  }

  /**
   * Takes the answer to a batch of commands, `records` as they were sent.
   * @throws ClientError BAD_RECEIPT, EQUIVOCATION (the receipt is kept then, too); UNREACHABLE
   *   where nobody tells whose key it is, now: another copy of the batch is receipted anew
   */
  async take(records: Uint8Array, reply: Reply): Promise<void> {
    const decoded = reply.receipt && decodeReceipt(reply.receipt);
    if (decoded === undefined) throw bad('the answer holds none');
    if (!decoded.ok) throw bad(`it can't be read: ${decoded.name} ${decoded.detail}`);
    const receipt = decoded.value;
    this.#checkSubject(receipt, records, reply);
    this.#checkSignature(receipt);
    await this.#checkKey(receipt);
    await this.#options.store.keep('receipt', receipt.bytes);
    this.#compare(receipt);
  }

  /** It is of this market, of this group, and of these very commands. */
  #checkSubject(receipt: Receipt, records: Uint8Array, reply: Reply): void {
    const { market, account } = this.#sender;
    if (receipt.market !== market) throw bad(`it is of market ${receipt.market}`);
    if (receipt.logSequence !== reply.logSequence) {
      throw bad(`it is of group ${receipt.logSequence}, the answer of ${reply.logSequence}`);
    }
    const own = new Uint8Array(records);
    const view = viewOf(own);
    for (let at = 0; at < own.byteLength; at += RECORD_BYTES) {
      view.setUint32(at + CommandOffset.ACCOUNT, account, true);
    }
    const isOwn = Buffer.compare(hash('sha256', own, 'buffer'), receipt.ownHash) === 0;
    if (isOwn && receipt.ownCount === own.byteLength / RECORD_BYTES) return;
    throw bad('it is for other commands than were sent');
  }

  #checkSignature({ publicKey, bytes, signature }: Receipt): void {
    const name = hexOf(publicKey);
    // Seen to once: from then on OpenSSL, which is fast, takes what every other verifier does.
    const known = this.#checks.get(name);
    const check = known ?? (isSoundKey(publicKey) ? signatureCheck(publicKey) : undefined);
    if (check === undefined) throw bad(`${name} is no key`);
    this.#checks.set(name, check);
    if (!check(receiptMessage(bytes), signature)) {
      throw bad('it is not signed by the key that it names');
    }
  }

  async #checkKey(receipt: Receipt): Promise<void> {
    const name = hexOf(receipt.publicKey);
    if (this.#keys.has(name)) return;
    await this.#meet(receipt, name);
    this.#keys.add(name);
  }

  /** Whether a key that was not seen before is the market's, or the operator's own. */
  async #meet({ publicKey, term }: Receipt, name: string): Promise<void> {
    const { operatorKey, store } = this.#options;
    const operators = operatorKey instanceof Uint8Array ? [operatorKey] : operatorKey;
    const isKnown = (from = 0) =>
      operators?.slice(from).some((key) => isCertified(publicKey, key, this.#certificates));
    if (isKnown(-1)) return;
    const { transport, market } = this.#sender;
    const told = await askInfo(transport, market);
    const certificate = Buffer.from(told.receiptCertificate ?? '', 'hex');
    if (certificate.byteLength > 0) {
      this.#certificates.push(certificate);
      await store.keep('certificate', certificate);
    }
    if (operatorKey === undefined ? told.receiptKey === name : isKnown()) return;
    if (told.term !== term) {
      const words = `the market has another owner than signed the receipt of term ${term}`;
      throw new ClientError('UNREACHABLE', words);
    }
    if (operatorKey !== undefined) throw bad(`the operator has not certified its key, ${name}`);
    throw bad(`it is signed by ${name}, the market tells ${told.receiptKey ?? 'no key'}`);
  }

  #compare(receipt: Receipt): void {
    const conflict = this.#book.add(receipt);
    if (conflict === undefined) return;
    const { earlier, later, words } = conflict;
    const of = `receipts of market sequences ${earlier.first} and ${later.first}`;
    const mend = 'keep the file of receipts; foldbook dispute makes evidence of it';
    throw new ClientError('EQUIVOCATION', `${of} contradict each other: ${words}; ${mend}`);
  }
}

const bad = (words: string) => new ClientError('BAD_RECEIPT', `a receipt: ${words}`);

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
