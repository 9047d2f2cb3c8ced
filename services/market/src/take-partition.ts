/** From nothing to serving a partition, whoever has it at first. */
import {
  type MarketService,
  type MarketServiceParts,
  startMarketService,
} from './market-service.ts';
import { openStandby } from './market-standby.ts';
import type { PartitionLease } from './partition-lease.ts';

/**
 * Waits for the partition, if it is another process's, and serves it; follows its log meanwhile,
 * where the configuration says so.
 * @param lease - undefined where nobody else can have the partition
 * @param onWaiting - called when it is as ready as it gets without the partition
 * @throws as `startMarketService` and `openStandby`, and LeaseError
 */
export async function takePartition(
  parts: MarketServiceParts,
  lease: Pick<PartitionLease, 'isOthers' | 'acquire' | 'held'> | undefined,
  onWaiting: () => void,
): Promise<MarketService> {
  if (lease === undefined) return startMarketService(parts);
  if (!parts.config.standby.follow || !(await lease.isOthers())) {
    onWaiting();
    await lease.acquire();
    return startMarketService(parts);
  }
  const acquired = lease.acquire();
  // Heard of below; opening a standby may take a while.
  acquired.catch(() => undefined);
  const standby = await openStandby(parts, acquired);
  if (standby === undefined) return startMarketService(parts);
  standby.followed.then(onWaiting);
  const failed = standby.failed.then((error) => Promise.reject(error));
  await Promise.race([acquired, failed]);
  // Opening may have taken longer than a lease lasts.
  await Promise.race([lease.held(), failed]);
  return standby.takeOver(() => lease.held());
}
