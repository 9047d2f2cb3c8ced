/** What goes wrong in a world, at random times, until it is quiet. */
import type { SimNode } from './sim-node.ts';
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
    const { dice, options, coverage } = this.#world;
    const { weights } = options.faults;
    if (Object.values(weights).every((weight) => weight === 0)) return;
    const kind = dice.weighted(weights);
    switch (kind) {
      case 'crash':
        this.#anyNode().crash();
        break;
      case 'stop':
        this.#stop();
        break;
      case 'pause':
        coverage.add('market pauses');
        this.#anyNode().pause(this.#upToNs(300));
        break;
      case 'freeze':
        this.#anyNode().freeze();
        break;
      case 'cutMarket':
        this.#anyNode().cut();
        break;
      case 'cutTrader':
      case 'crashTrader':
      case 'pauseTrader':
        this.#hitTrader(kind);
        break;
      case 'brokerRestart':
      case 'powerFailure':
      case 'leasesAway':
      case 'spoil':
        this.#hitBroker(kind);
        break;
      default: {
        const unknown: never = kind;
        throw new RangeError(`no fault ${String(unknown)}`);
      }
    }
  }

  #hitTrader(kind: 'cutTrader' | 'crashTrader' | 'pauseTrader'): void {
    const { dice, coverage, mirrors } = this.#world;
    const trader = this.#world.anyTrader();
    if (kind === 'crashTrader') trader.crash();
    else if (kind === 'pauseTrader') {
      coverage.add('trader pauses');
      trader.process.pause(this.#upToNs(300));
    } else {
      trader.line?.cut(this.#upToNs(300));
      if (dice.oneIn(2)) for (const { line } of mirrors) line.cut(this.#upToNs(300));
    }
  }

  #hitBroker(kind: 'brokerRestart' | 'powerFailure' | 'leasesAway' | 'spoil'): void {
    const { broker } = this.#world;
    if (kind === 'leasesAway') broker.leases.goAway(this.#upToNs(900));
    else if (kind === 'spoil') broker.snapshots.spoil();
    else if (kind === 'powerFailure') broker.restart(this.#upToNs(200), true);
    else broker.restart(this.#upToNs(100), false);
  }

  #stop(): void {
    const { dice, nodes } = this.#world;
    const node = this.#anyNode();
    const others = nodes.filter((other) => other !== node);
    node.stop(dice.oneIn(2) ? dice.pick(others).name : undefined);
  }

  /** The owner, mostly. */
  #anyNode(): SimNode {
    const { dice, nodes, owner } = this.#world;
    return dice.oneIn(4) ? dice.pick(nodes) : owner;
  }

  #upToNs(mostMs: number): number {
    return (1 + this.#world.dice.below(mostMs)) * NS_PER_MS;
  }
}
