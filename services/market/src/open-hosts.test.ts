import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  availableCores,
  createRing,
  type LogFields,
  type Logger,
  RingConsumer,
  RingProducer,
  systemClock,
} from '@foldbook/runtime';
import { marketConfigSchema } from './config.ts';
import type { HostReached, HostThreadOptions } from './host-thread.ts';
import { openHosts } from './open-hosts.ts';

const none = { none: 'why' };
const memory = { bytes: 2 ** 20, locked: { bytes: 2 ** 20 }, hugePages: none, bound: none };
const broker = { kind: 'embedded', dir: 'data' };

/** Opens hosts that are none, and answers what they were asked and what was logged. */
async function open(config: object, reached: HostReached) {
  const lines: string[] = [];
  const asked: HostThreadOptions[] = [];
  const log = (level: string) => (message: string, _fields?: LogFields) =>
    void lines.push(`${level} ${message}`);
  const logger: Logger = {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
  };
  const startThread = async (options: HostThreadOptions) => {
    asked.push(options);
    options.onReached?.(reached);
    const worker = {
      threadId: undefined,
      core: options.core,
      pinned: false,
      pinError:
        options.core < 4_000
          ? undefined
          : { code: 'NO_SUCH_CORE' as const, reason: `no core ${options.core}` },
      post: () => undefined,
      failed: new Promise<Error>(() => undefined),
      stop: async () => undefined,
    };
    const commands = new RingProducer(createRing(8));
    return { worker, commands, events: new RingConsumer(createRing(8)) };
  };
  const parsed = marketConfigSchema.parse({ broker, hosts: 1, ...config });
  const { shown } = await openHosts(
    { config: parsed, logger, clock: systemClock, startThread },
    assert.fail,
  );
  shown.remove();
  return { lines, asked };
}

describe('the cores of hosts', () => {
  it('are enough for hosts that never rest', async () => {
    const config = { idle: 'busy-spin', hosts: availableCores().length + 1 };
    const opened = open(config, { memory, realTime: undefined });
    await assert.rejects(opened, /two hosts that never rest would keep each other from core/);
  });

  it('that a host could not be kept to are told', async () => {
    const { lines } = await open({ cores: [4_000] }, { memory, realTime: undefined });
    assert(lines.includes('warn the host runs on any core: no core 4000'), lines.join('\n'));
  });
});

describe('the comfort of hosts', () => {
  it('is asked for by default where it costs nothing, and what came of it is told', async () => {
    const { lines, asked } = await open({}, { memory, realTime: undefined });
    assert.deepEqual(asked[0]?.comfort?.memory, {
      lock: 'try',
      hugePages: 'try',
      numa: 'try',
      reserveMb: 16,
    });
    assert.equal(asked[0]?.comfort?.realtime, 'off');
    assert.match(lines[0] ?? '', /^info machine: /);
    const words = 'info memory of the host: 1 MiB; not huge: why; 1 MiB locked; not bound: why';
    assert(lines.includes(words), lines.join('\n'));
    assert(lines.every((line) => line.startsWith('info ')));
  });

  it('is real time only with a warning where a host spins on a core of all', async () => {
    const core = availableCores().at(-1) ?? 0;
    const granted = { granted: true, priority: 20 } as const;
    const spinning = { realtime: 20, idle: 'busy-spin', cores: [core] };
    const { lines } = await open(spinning, { memory, realTime: granted });
    assert.match(lines.join('\n'), /^warn a real-time host that does not park /m);
    assert.match(lines.join('\n'), /^info the host is in real time$/m);
    const parking = { ...spinning, idle: 'park' };
    const quiet = await open(parking, { memory, realTime: granted });
    assert.doesNotMatch(quiet.lines.join('\n'), /^warn/m);
  });

  it('that is refused is told with the reason', async () => {
    const refused = { granted: false, reason: 'not permitted' } as const;
    const { lines } = await open({ realtime: 1, idle: 'park' }, { memory, realTime: refused });
    assert(lines.includes('warn the host is not in real time: not permitted'));
  });
});
