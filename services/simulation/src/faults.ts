/** What goes wrong in a world, at random times, until it is quiet. */
import type { World } from './world.ts';

const NS_PER_MS = 1e6;

export class Faults {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    const { dice, options, scheduler } = this.#world;
    scheduler.in(dice.below(2 * options.faults.everyNs), 'fault', () => {
      if (this.#world.isQuiet) return;
      this.#happen();
      this.start();
    });
  }

  #happen(): void {
    const { dice, options, broker, coverage } = this.#world;
    const { weights } = options.faults;
    if (Object.values(weights).every((weight) => weight === 0)) return;
    const ms = (most: number) => (1 + dice.below(most)) * NS_PER_MS;
    const kind = dice.weighted(weights);
    const node = this.#world.activeNode;
    const trader = this.#world.anyTrader();
    switch (kind) {
      case 'crash':
        node.crash();
        break;
      case 'stop':
        node.stop();
        break;
      case 'pause':
        coverage.add('market pauses');
        node.process?.pause(ms(300));
        break;
      case 'takeover':
        this.#takeOver();
        break;
      case 'cutMarket':
        node.line?.cut(ms(400));
        break;
      case 'cutTrader':
        trader.line?.cut(ms(300));
        if (dice.oneIn(2)) for (const { line } of this.#world.mirrors) line.cut(ms(300));
        break;
      case 'crashTrader':
        trader.crash();
        break;
      case 'pauseTrader':
        coverage.add('trader pauses');
        trader.process.pause(ms(300));
        break;
      case 'brokerRestart':
        broker.restart(ms(100), false);
        break;
      case 'powerFailure':
        broker.restart(ms(200), true);
        break;
      default: {
        const unknown: never = kind;
        throw new RangeError(`no fault ${String(unknown)}`);
      }
    }
  }

  /** The one that is there stands still or is cut off, and another is started in its place. */
  #takeOver(): void {
    const { dice, coverage, activeNode } = this.#world;
    const { process, line } = activeNode;
    if (process === undefined) return;
    coverage.add('takeovers');
    const forNs = (50 + dice.below(400)) * NS_PER_MS;
    if (dice.oneIn(3)) line?.cut(forNs);
    else process.pause(forNs);
    this.#world.takeOver();
  }
}
