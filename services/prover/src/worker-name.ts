// SPDX-License-Identifier: GPL-3.0-or-later
import { hostname } from 'node:os';

/** Names this process among all that take jobs: "<host>:<process id>". */
export const workerName = (): string => `${hostname()}:${process.pid}`;
