/**
 * A sampling profile of this process's threads while they work, hot loops that never return to
 * their event loop among them: V8 interrupts each for a moment, a thousand times a second. While
 * none is taken it costs nothing. To be used on the main thread.
 */
import assert from 'node:assert/strict';
import { Session } from 'node:inspector';

export interface ThreadProfile {
  /** `main`, or the name that the thread was started with. */
  readonly thread: string;
  /** As V8 gives it, JSON: what browsers' and editors' profile viewers open as `.cpuprofile`. */
  readonly cpuProfile: string;
}

interface Answer {
  readonly id: number;
  readonly result?: { readonly profile?: unknown };
  readonly error?: { readonly message: string };
}

interface Target {
  readonly thread: string;
  readonly call: (method: string, params?: object) => Promise<Answer>;
}

/** A thread that hangs in one native call answers nobody, ms. */
const PATIENCE_MS = 10_000;

export class ThreadProfiler {
  readonly #session = new Session();
  readonly #intervalUs: number;
  readonly #targets: Target[] = [];
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  #calls = 0;

  private constructor(intervalUs: number) {
    this.#intervalUs = intervalUs;
  }

  /** @param intervalUs between samples of a thread, us */
  static async start(intervalUs: number): Promise<ThreadProfiler> {
    const profiler = new ThreadProfiler(intervalUs);
    await profiler.#start();
    return profiler;
  }

  async #start(): Promise<void> {
    const session = this.#session;
    session.connect();
    this.#targets.push({ thread: 'main', call: (method, params) => this.#own(method, params) });
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      const { sessionId, workerInfo } = params;
      const thread = workerInfo.title.replace(/^\[worker \d+\] ?/, '') || `worker ${sessionId}`;
      const call = (method: string, sent?: object) => this.#ofWorker(sessionId, method, sent);
      this.#targets.push({ thread, call });
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const answer = JSON.parse(params.message) as Answer;
      this.#waiting.get(`${params.sessionId} ${answer.id}`)?.(answer);
    });
    await this.#own('NodeWorker.enable', { waitForDebuggerOnStart: false });
    await Promise.all(
      this.#targets.map(async ({ call }) => {
        await call('Profiler.enable');
        await call('Profiler.setSamplingInterval', { interval: this.#intervalUs });
        await call('Profiler.start');
      }),
    );
  }

  /** What was seen since the start, of each thread that is still there. Once. */
  async stop(): Promise<ThreadProfile[]> {
    const profiles = await Promise.all(
      this.#targets.map(async ({ thread, call }) => {
        const { result } = await call('Profiler.stop').catch(() => ({ result: undefined }));
        const profile = result?.profile;
        return profile === undefined ? [] : [{ thread, cpuProfile: JSON.stringify(profile) }];
      }),
    );
    await Promise.all(this.#targets.map(({ call }) => call('Profiler.disable').catch(() => {})));
    await this.#own('NodeWorker.disable');
    this.#session.disconnect();
    return profiles.flat();
  }

  #own(method: string, params: object = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, params, (error, result) => {
        if (error === null) resolve({ id: 0, result: (result ?? {}) as object });
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  async #ofWorker(sessionId: string, method: string, params: object = {}): Promise<Answer> {
    this.#calls += 1;
    const id = this.#calls;
    const key = `${sessionId} ${id}`;
    const answered = Promise.withResolvers<Answer>();
    this.#waiting.set(key, answered.resolve);
    const late = () => answered.reject(new Error(`${method}: the thread does not answer`));
    const timer = setTimeout(late, PATIENCE_MS);
    try {
      const message = JSON.stringify({ id, method, params });
      await this.#own('NodeWorker.sendMessageToWorker', { sessionId, message });
      const answer = await answered.promise;
      assert(answer.error === undefined, `${method}: ${answer.error?.message}`);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(key);
    }
  }
}
