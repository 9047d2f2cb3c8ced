// SPDX-License-Identifier: GPL-3.0-or-later

/** SIGTERM, SIGINT, or the end of the process that forked this one. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    if (process.send === undefined) return;
    process.once('disconnect', () => resolve());
    // Nobody reads the log any more either.
    process.stderr.on('error', () => undefined);
    if (!process.connected) resolve();
  });
}
