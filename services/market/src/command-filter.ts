/** Where a broker delivers the commands of a partition. */
import { COMMAND_FILTER, partitionFilter } from '@foldbook/protocol';

/**
 * `in.<partition>.*.*`, which a broker maps `cmd.*.*` to (see infra/docker/nats.conf); and
 * `cmd.*.*` itself, which arrives where the broker has no such mapping, and serves partition 0. A
 * message comes on one of them only, so nothing has to be found out about the broker, which may be
 * another one, or configured otherwise, after any reconnection.
 */
export function commandFilters(partition: number): string[] {
  const mapped = partitionFilter(partition);
  return partition === 0 ? [mapped, COMMAND_FILTER] : [mapped];
}
