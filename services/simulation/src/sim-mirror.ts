/** A reader of a market's public book: the SDK's mirror, held against the engine at the end. */
import { BookMirror, ClientError } from '@foldbook/client';
import { pause } from '@foldbook/runtime';
import type { SimTransport } from './sim-transport.ts';
import type { World } from './world.ts';

const RETRY_MS = 50;

export class SimMirror {
  readonly line: SimTransport;
  readonly #world: World;
  readonly #market: string;
  readonly #mirror: BookMirror;

  constructor(world: World, market: string) {
    this.#world = world;
    this.#market = market;
    const process = world.newProcess(`mirror-${market}`, 'mirror');
    this.line = world.broker.connect(process);
    const onTrouble = () => world.coverage.add('gaps and restarts of mirrors');
    this.#mirror = new BookMirror(this.line, market, onTrouble, process.timers);
  }

  start(): void {
    this.#open().catch((error: unknown) => this.#world.violation(`a mirror threw: ${error}`));
  }

  async #open(): Promise<void> {
    for (;;) {
      try {
        await this.#mirror.open();
        return;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        await pause(this.line.process.timers, RETRY_MS);
      }
    }
  }

  /** That every level is the engine's; resolves whether it is or not. */
  async compare(): Promise<void> {
    try {
      while (this.#mirror.state === 'starting') await pause(this.line.process.timers, RETRY_MS);
      const { levels } = await this.#mirror.compareWithEngine();
      this.#world.coverage.add('levels of mirrors compared', levels);
    } catch (error) {
      this.#world.violation(`the mirror of ${this.#market}: ${error}`);
    }
  }
}
