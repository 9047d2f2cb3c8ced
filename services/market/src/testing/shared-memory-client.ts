/** A client process: places orders one after the other and says so, until it is killed. */
import { connect, OrderClient } from '@foldbook/client';
import { Side } from '@foldbook/protocol';

const [sharedMemory = '', market = '', account = ''] = process.argv.slice(2);
const transport = await connect({ sharedMemory });
const client = await OrderClient.open({
  transport,
  reports: { kind: 'live', transport },
  market,
  account: Number(account),
});
for (let price = 50_000n; ; price += 1n) {
  const { type } = await client.place({ side: Side.SELL, price, quantity: 1n });
  process.send?.(type);
}
