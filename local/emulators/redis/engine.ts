import { randomUUID } from 'node:crypto';
import RedisMock from 'ioredis-mock';
import type { Kind } from './catalogue.ts';

export type Value = string | Buffer | string[] | Set<string> | Map<string, unknown> | Record<string, string>;

/** The parts of ioredis-mock that its types hide; all of them work synchronously. */
export type Engine = {
  data: {
    get(key: string): Value | undefined;
    set(key: string, value: Value): void;
    has(key: string): boolean;
    delete(key: string): void;
    keys(): string[];
  };
  /** Unix milliseconds. */
  expires: {
    get(key: string): number | undefined;
    set(key: string, at: number): void;
    has(key: string): boolean;
    delete(key: string): void;
  };
  context: { modifiedKeyEvents: { on(event: 'modified', listener: (key: string) => void): void } };
  disconnect(): void;
  flushall(): Promise<unknown>;
} & Record<string, (...args: string[]) => Promise<unknown>>;

/** An empty database of its own: the mock shares data between instances of one address. */
export function createEngine(): Engine {
  return new RedisMock({ host: randomUUID() }) as unknown as Engine;
}

export function kindOf({ data }: Engine, key: string): Kind | undefined {
  const value = data.has(key) ? data.get(key) : undefined;
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return 'list';
  if (value instanceof Set) return 'set';
  if (value instanceof Map) return 'zset';
  return typeof value === 'object' && !Buffer.isBuffer(value) ? 'hash' : 'string';
}
