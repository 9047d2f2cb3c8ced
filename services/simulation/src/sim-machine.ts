/** A machine with processes, which see of each other what processes of one host see. */
import type { Agent, HostView, LeaseHolder, ProcessIdentity, SeenWord } from '@foldbook/runtime';
import type { SimProcess } from './sim-process.ts';

interface Shown {
  readonly process: SimProcess;
  readonly word: Int32Array;
}

export class SimMachine implements HostView {
  readonly identity: string;
  readonly #shown = new Map<number, Shown>();

  constructor(name: string) {
    this.identity = name;
  }

  /** A process with a heart; the agent makes it beat. */
  add(process: SimProcess): { readonly id: ProcessIdentity; readonly heart: Agent } {
    const word = new Int32Array(1);
    const pid = this.#shown.size + 1;
    this.#shown.set(pid, { process, word });
    const heart: Agent = {
      roleName: 'heartbeat',
      doWork: () => {
        const next = ((word[0] ?? 0) + 1) | 0;
        word[0] = next === 0 ? 1 : next;
        return 0;
      },
      onClose: () => {
        word[0] = 0;
      },
    };
    return { id: { pid, started: '' }, heart };
  }

  isAlive({ pid }: ProcessIdentity): boolean {
    return this.#shown.get(pid)?.process.isAlive === true;
  }

  open({ process }: LeaseHolder): SeenWord | undefined {
    const shown = this.#shown.get(process.pid);
    return shown && { word: shown.word, close: () => undefined };
  }
}
