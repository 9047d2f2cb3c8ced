/** Helpers for tests of this and other packages; nothing here runs in production. */

export { ManualTimers } from './manual-timers.ts';
export { type NatsServer, type NatsServerOptions, startNatsServer } from './nats-server.ts';
export { randomWords } from './random-words.ts';
export { type RedisServer, startRedisServer } from './redis-server.ts';
export { RogueLink } from './rogue-link.ts';
export { findServer, type ServerCommand, ServerProcess } from './server-process.ts';
