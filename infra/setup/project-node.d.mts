export const projectRoot: string;
export function wantedNodeVersion(): string;
export function isAtLeast(version: string, wanted: string): boolean;
export function projectNode(): string | undefined;
export function keepCompiled(): void;
export function continueUnder(node: string, args: readonly string[]): void;
