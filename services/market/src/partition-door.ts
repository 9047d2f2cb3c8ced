/**
 * What comes in at a partition's door: where the owner listens, and which markets are its own. A
 * broker with mappings brings only those; one without brings everybody everything.
 */
import {
  COMMAND_FILTER,
  isMappedSubject,
  marketToken,
  partitionFilter,
  partitionOf,
  type Refusal,
  refuse,
  requestFilter,
} from '@foldbook/protocol';

export interface PartitionPlace {
  readonly partition: number;
  /** Of the venue; with 1 nothing is asked of a market's name. */
  readonly partitions: number;
}

export class PartitionDoor {
  readonly #place: PartitionPlace;

  constructor(place: PartitionPlace) {
    this.#place = place;
  }

  /**
   * `in.<partition>.*.*`, which a broker maps `cmd.*.*` to (see infra/docker/nats.conf); and
   * `cmd.*.*` itself, which arrives where the broker has no such mapping. A message comes on one of
   * them only, so nothing has to be found out about the broker, which may be another one, or
   * configured otherwise, after any reconnection.
   */
  get commandFilters(): string[] {
    const { partition, partitions } = this.#place;
    const mapped = partitionFilter(partition);
    return partition === 0 || partitions > 1 ? [mapped, COMMAND_FILTER] : [mapped];
  }

  /** The same for what is asked: `filter` as clients publish, `adm.*` for example. */
  requestFilters(filter: string): string[] {
    return [requestFilter(this.#place.partition, filter), filter];
  }

  /**
   * Undefined for a market of this partition. `others`: its own owner answers, so this one must
   * not. A refusal where there is nobody else to: the broker says that it is this partition's.
   */
  strangerTo(subject: string): Refusal | 'others' | undefined {
    const { partition, partitions } = this.#place;
    if (partitions === 1) return undefined;
    const market = marketToken(subject);
    const own = partitionOf(market, partitions);
    if (own === partition) return undefined;
    if (!isMappedSubject(subject)) return 'others';
    const detail = `market ${market} is of partition ${own} of ${partitions}, not of ${partition}`;
    return refuse('WRONG_PARTITION', 0, detail);
  }
}
