/** Where a broker delivers the commands of a partition. */
import { COMMAND_FILTER, partitionFilter } from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';

/**
 * Where commands arrive: `in.<partition>.>` on a broker that maps `cmd.*.*` to partitions (see
 * infra/nats.conf), else `cmd.*.*` itself, which serves one partition. A probe tells them apart:
 * the flush returns only after the broker has delivered it, mapped or not.
 */
export async function commandFilter(transport: Transport, partition: number): Promise<string> {
  const nonce = `PROBE-${partition}.${Date.now() % 1_000_000}`;
  let mapped = false;
  const probe = transport.subscribe(`in.*.${nonce}`, () => {
    mapped = true;
  });
  transport.publish(`cmd.${nonce}`, new Uint8Array(0));
  await transport.flush();
  await new Promise<void>((resolve) => setImmediate(resolve));
  probe.unsubscribe();
  return mapped ? partitionFilter(partition) : COMMAND_FILTER;
}
