/**
 * Runs a server that must not outlive the process that forked this one, however that one ends: its
 * end closes the channel, which ends the server. This process ends as the server does.
 * It tells the server's process id.
 * Arguments: log file, program, the program's arguments.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';

const PATIENCE_MS = 5_000;

const [logFile, program, ...args] = process.argv.slice(2);
assert(logFile !== undefined && program !== undefined, 'arguments: LOG PROGRAM [ARGUMENT...]');
const log = openSync(logFile, 'a');
const server = spawn(program, args, { stdio: ['ignore', log, log] });

const end = () => {
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), PATIENCE_MS).unref();
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
process.once('disconnect', end);
if (!process.connected) end();
else if (server.pid !== undefined) process.send?.(server.pid);

server.once('error', () => process.exit(1));
server.once('exit', (status, signal) => {
  if (signal === null) process.exit(status ?? 1);
  // What the parent is told is then the server's own end.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
