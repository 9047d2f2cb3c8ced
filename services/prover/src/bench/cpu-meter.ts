// SPDX-License-Identifier: GPL-3.0-or-later

export interface Used {
  readonly wallMs: number;
  /** Of all threads of the process. */
  readonly cpuMs: number;
  /** Highest of the process's life so far. */
  readonly rssBytes: number;
}

/** Starts to measure; what it returns tells what was used since. */
export function cpuMeter(): () => Used {
  const startMs = performance.now();
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return {
      wallMs: performance.now() - startMs,
      cpuMs: (user + system) / 1_000,
      rssBytes: 1_024 * process.resourceUsage().maxRSS,
    };
  };
}
