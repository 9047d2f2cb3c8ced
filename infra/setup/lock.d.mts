export function withLock<T>(
  path: string,
  work: () => Promise<T> | T,
  options?: { onWait?: (owner: number) => void },
): Promise<T>;
