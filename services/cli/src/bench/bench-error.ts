/** What keeps a benchmark from being run. */
import { CliError } from '../cli-error.ts';

const STATUS = {
  /** The file can't be opened. */
  WORKLOAD_UNREADABLE: 2,
  /** Not a workload file, cut short, or with fields out of range. */
  WORKLOAD_DAMAGED: 2,
  /** A workload that this benchmark is not for. */
  WORKLOAD_UNSUPPORTED: 2,
  /** No floor in that folder, or no compiler for it. */
  FLOOR_UNAVAILABLE: 2,
  FLOOR_FAILED: 1,
  /** No such commit, or no engine in it that this harness can drive. */
  REVISION_UNUSABLE: 2,
  /** The measuring process ended or refused. */
  MEASUREMENT_FAILED: 1,
} as const;

export type BenchErrorCode = keyof typeof STATUS;

export class BenchError extends CliError {
  override readonly name = 'BenchError';
  readonly code: BenchErrorCode;
  readonly status: number;

  constructor(code: BenchErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
    this.status = STATUS[code];
  }
}
