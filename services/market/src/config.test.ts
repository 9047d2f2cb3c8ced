import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isInline, marketConfigSchema } from './config.ts';
import { hostCores } from './open-hosts.ts';

const broker = { kind: 'embedded', dir: 'data' };

it('has places on hosts that there are only', () => {
  const parse = (config: object) => marketConfigSchema.safeParse({ broker, ...config });
  assert(parse({ hosts: 2, places: { A: 1 } }).success);
  assert(parse({ cores: [0, 1, 0], places: { A: 2 } }).success);
  for (const config of [{ places: { A: 1 } }, { hosts: 3, cores: [0], places: { A: 1 } }]) {
    const parsed = parse(config);
    assert.match(parsed.error?.message ?? '', /no host 1 for A: there are 1, from 0/);
  }
});

it('has a host on each core that is named, or as many as are asked for', () => {
  const coresOf = (config: object) => hostCores(marketConfigSchema.parse({ broker, ...config }));
  assert.deepEqual(coresOf({ hosts: 5, cores: [3, 1] }), [3, 1]);
  assert.equal(coresOf({ hosts: 5 }).length, 5);
  assert.equal(coresOf({}).length, 1);
});

it('has an inline host where that is asked for, or one core and nothing asked of it', () => {
  const inline = (cores: number, config: object) =>
    isInline(marketConfigSchema.parse({ broker, ...config }), cores);
  assert(inline(2, { hosts: 'inline' }));
  assert(inline(1, {}));
  for (const config of [{ hosts: 1 }, { cores: [0] }, { idle: 'park' }, { realtime: 1 }]) {
    assert(!inline(1, config), JSON.stringify(config));
  }
  assert(!inline(2, {}));
});

it('asks nothing of the thread of a host that has none of its own', () => {
  for (const asked of [{ cores: [0] }, { idle: 'park' }, { realtime: 1 }]) {
    const parsed = marketConfigSchema.safeParse({ broker, hosts: 'inline', ...asked });
    assert.deepEqual(parsed.error?.issues[0]?.path, Object.keys(asked));
    assert.match(parsed.error?.message ?? '', /this one is inline/);
  }
  const placed = marketConfigSchema.safeParse({ broker, hosts: 'inline', places: { A: 1 } });
  assert.match(placed.error?.message ?? '', /no host 1 for A: there are 1, from 0/);
});
