import type { Page } from 'playwright-core';

interface Serving {
  files?: Record<string, string | URL | Uint8Array>;
  isolated?: boolean;
}

export function browserPath(name: 'chromium' | 'firefox'): string | undefined;
export function openInChromium(
  entry: URL,
  options?: Serving & { before?: string },
): Promise<{
  call(name: string, ...args: unknown[]): Promise<unknown>;
  page: Page;
  url: string;
  close(): Promise<void>;
}>;
export function runInFirefox(
  entry: URL,
  name: string,
  args?: unknown[],
  options?: Serving & { timeout?: number },
): Promise<unknown>;
