/**
 * When what a market did is proved: the epoch that holds a market sequence, from the prover. It
 * tells of each epoch once, and who came later or heard nothing asks it.
 */
import {
  decodeOwedAnswer,
  decodeProofAnswer,
  encodeProofQuestion,
  owedSubject,
  type ProofStatus,
  type ProvedEpoch,
  proofFilter,
  proofsSubject,
} from '@foldbook/protocol';
import { cancelTimer, systemTimers, type Timers, type Transport } from '@foldbook/runtime';
import { ask, DEFAULT_TIMEOUT_MS } from './ask.ts';
import { ClientError } from './client-error.ts';

export interface ProofWait {
  readonly transport: Transport;
  readonly market: string;
  /** Market sequence of the command. */
  readonly sequence: number;
  /**
   * The prover's word is nobody's proof: this looks at the epoch itself, with a verifier and a
   * copy of the store. False rejects with PROOF_REFUSED.
   */
  readonly verify?: ((epoch: ProvedEpoch) => boolean | Promise<boolean>) | undefined;
  /** Told after each question how far the proofs are; undefined where nobody answered. */
  readonly onProgress?: ((status: ProofStatus | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** It asks without being told anything so often, ms. Default 5,000. */
  readonly askEveryMs?: number | undefined;
  readonly timers?: Timers | undefined;
}

/** The epoch that proves a command, and what the prover's keys make of that. */
export interface ProvedCommand extends ProvedEpoch {
  /** Development keys: anybody can forge such a proof, so that it shows nothing by itself. */
  readonly devKeys: boolean;
}

const ASK_EVERY_MS = 5_000;

/** A prover answers nothing of a market that it has not heard of. */
const askProver = (transport: Transport, subject: string, question: Uint8Array) =>
  ask(transport, subject, question, DEFAULT_TIMEOUT_MS, PROVER_MEND);

const PROVER_MEND = 'is a prover up ("foldbook up prover"), and is there such a market?';

/** Throws ClientError UNREACHABLE where no prover has the market, REFUSED or BAD_ANSWER. */
export async function askProof(
  transport: Transport,
  market: string,
  sequence: number,
): Promise<ProofStatus> {
  const subject = proofsSubject(market);
  const answer = decodeProofAnswer(
    await askProver(transport, subject, encodeProofQuestion(sequence)),
  );
  if (!answer.ok) throw new ClientError('BAD_ANSWER', `${subject}: ${answer.detail}`);
  if (!answer.value.isRefused) return answer.value.status;
  const { name, detail } = answer.value;
  throw new ClientError('REFUSED', `${subject}: ${name} ${detail}`, { refusal: name });
}

/**
 * A file for `foldbook verify --account` or the verifier's `checkAccountProof`: what an account is
 * owed under the last proved root. Throws as `askProof`, REFUSED also where the operator gives
 * none.
 */
export async function askOwed(
  transport: Transport,
  market: string,
  account: number,
): Promise<Uint8Array> {
  const subject = owedSubject(market, account);
  const answer = decodeOwedAnswer(await askProver(transport, subject, new Uint8Array()));
  if (!answer.ok) throw new ClientError('BAD_ANSWER', `${subject}: ${answer.detail}`);
  if (!answer.value.isRefused) return answer.value.file;
  const { name, detail } = answer.value;
  throw new ClientError('REFUSED', `${subject}: ${name} ${detail}`, { refusal: name });
}

/**
 * Resolves with the epoch that proves a market sequence, however long that takes: an epoch closes
 * by the number or the age of its settlement records, and one without any stays open. Rejects with
 * ClientError REFUSED where the market is not proved any further, PROOF_REFUSED, or CLOSED when
 * `signal` aborts or the connection is closed. A prover that is away is waited for.
 */
export async function whenProved(wait: ProofWait): Promise<ProvedCommand> {
  const { transport, market, sequence, verify, onProgress, signal } = wait;
  const { timers = systemTimers, askEveryMs = ASK_EVERY_MS } = wait;
  const news = new News();
  const notices = transport.subscribe(proofFilter(market), () => news.tell());
  const stopStatus = transport.onStatus(() => news.tell());
  const timer = timers.every(askEveryMs, () => news.tell());
  const onAbort = () => news.tell();
  signal?.addEventListener('abort', onAbort);
  try {
    for (;;) {
      if (signal?.aborted) throw new ClientError('CLOSED', 'the wait for a proof was ended');
      const status = await passing(transport, () => askProof(transport, market, sequence));
      onProgress?.(status);
      if (status !== undefined && status.proof !== null) {
        return { ...(await checked(status.proof, verify)), devKeys: status.devKeys };
      }
      if (status !== undefined && status.stopped !== null) {
        throw new ClientError('REFUSED', `${market} is not proved any further: ${status.stopped}`);
      }
      await news.come();
    }
  } finally {
    notices.unsubscribe();
    stopStatus();
    cancelTimer(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

async function checked(proof: ProvedEpoch, verify: ProofWait['verify']): Promise<ProvedEpoch> {
  if (verify === undefined || (await verify(proof))) return proof;
  const words = `the check of epoch ${proof.epoch} (${proof.path}) did not accept it`;
  throw new ClientError('PROOF_REFUSED', words);
}

/** Undefined for a prover that is away. */
async function passing(
  transport: Transport,
  asks: () => Promise<ProofStatus>,
): Promise<ProofStatus | undefined> {
  try {
    // Notices are heard from here on: none is missed between the answer and the wait for one.
    await transport.flush();
    return await asks();
  } catch (error) {
    if (transport.status() === 'closed') throw new ClientError('CLOSED', String(error));
    if (error instanceof ClientError && error.code === 'UNREACHABLE') return undefined;
    throw error;
  }
}

/** That something has happened since it was last asked. */
class News {
  #isThere = false;
  #wake: (() => void) | undefined;

  tell(): void {
    this.#isThere = true;
    this.#wake?.();
  }

  async come(): Promise<void> {
    if (!this.#isThere) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isThere = false;
  }
}
