import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startRedisServer } from './redis-server.ts';

async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer);
}

test('a real redis-server is killed, and comes back on its port with its data', async () => {
  const redis = await startRedisServer();
  try {
    assert.equal(await ask(redis.port, 'SET key value'), '+OK\r\n');
    await redis.kill();
    await assert.rejects(ask(redis.port, 'PING'), { code: 'ECONNREFUSED' });
    await redis.restart();
    assert.equal(await ask(redis.port, 'GET key'), '$5\r\nvalue\r\n');
  } finally {
    await redis.close();
  }
});
