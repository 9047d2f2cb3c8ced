/** A process that holds a lease for as long as it can; nats-lease.test.ts. */
import { LeaseTable } from '../lease.ts';
import { openNatsLeases } from '../nats-lease.ts';
import { connectNats } from '../nats-transport.ts';

const [url, key, leaseMs] = process.argv.slice(2);
if (url === undefined || key === undefined) throw new Error('usage: URL KEY LEASE_MS');
const transport = await connectNats({ servers: url, name: 'holder' });
const table = new LeaseTable({ store: await openNatsLeases(transport), node: 'child' });
const lease = await table.acquire(key, {
  leaseMs: Number(leaseMs),
  onLost: ({ reason }) => process.send?.({ lost: reason }),
});
process.send?.({ term: lease.term });
