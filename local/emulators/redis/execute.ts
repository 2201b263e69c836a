import { COMMANDS, hasArity } from './catalogue.ts';
import { type Engine, kindOf } from './engine.ts';
import { createScripts } from './script.ts';
import { setCommand } from './set-command.ts';

export type Reply = { result: unknown } | { error: string };

export type Executor = {
  /** Runs a command up to its effect before it returns the promise: calls in a row are atomic. */
  execute(words: string[]): Promise<Reply>;
  /** Why a command cannot even be tried, as a transaction finds out before it begins. */
  refusal(words: string[]): string | undefined;
};

const COUNTERS = ['incr', 'decr', 'incrby', 'decrby'];
/** Commands whose words from this position on may be options, which the mock knows in capitals only. */
const OPTIONS_FROM: Record<string, number> = {
  zadd: 1,
  zrange: 3,
  zrangebyscore: 3,
  zrevrange: 3,
  zrevrangebyscore: 3,
  scan: 1,
  hscan: 2,
  sscan: 2,
  zscan: 2,
  getex: 1,
};
const OPTION = /^(nx|xx|ch|incr|rev|byscore|bylex|limit|withscores|match|count|type|ex|px|exat|pxat|persist)$/i;

export function createExecutor(engine: Engine): Executor {
  const scripts = createScripts(engine);

  async function execute(words: string[]): Promise<Reply> {
    const error = refusal(words) ?? valueError(engine, words);
    if (error !== undefined) return { error };
    try {
      return { result: toReply(await dispatch(words)) };
    } catch (thrown) {
      return { error: errorText((thrown as Error).message) };
    }
  }

  function dispatch([command = '', ...args]: string[]): unknown {
    const name = command.toLowerCase();
    if (name === 'set') return setCommand(engine, args);
    if (name === 'script') return scripts.script(args);
    const [first = '', ...rest] = args;
    if (name === 'eval') return scripts.evaluate(first, rest);
    if (name === 'evalsha') return scripts.evaluateSha(first, rest);
    return engine[name]?.(...withCapitals(name, args));
  }

  return { execute, refusal };
}

function refusal(words: string[]): string | undefined {
  const name = words[0]?.toLowerCase() ?? '';
  const command = COMMANDS.get(name);
  if (command === undefined) return `ERR Command is not available: '${words[0] ?? ''}'`;
  return hasArity(command, words.length) ? undefined : `ERR wrong number of arguments for '${name}' command`;
}

function valueError(engine: Engine, [command = '', key = '', amount = '0']: string[]): string | undefined {
  const name = command.toLowerCase();
  const kind = COMMANDS.get(name)?.kind;
  const found = kind === undefined ? undefined : kindOf(engine, key);
  if (found !== undefined && found !== kind) return 'WRONGTYPE Operation against a key holding the wrong kind of value';
  if (!COUNTERS.includes(name)) return undefined;
  const value = found === undefined ? '0' : String(engine.data.get(key));
  const integers = /^-?\d+$/.test(value) && /^-?\d+$/.test(amount);
  return integers ? undefined : 'ERR value is not an integer or out of range';
}

function withCapitals(name: string, args: string[]): string[] {
  const from = OPTIONS_FROM[name] ?? args.length;
  return args.map((word, index) => (index >= from && OPTION.test(word) ? word.toUpperCase() : word));
}

/** The mock's values as Redis' reply types: strings, integers, null and arrays. */
function toReply(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return Number.isInteger(value) ? value : String(value);
  if (Buffer.isBuffer(value)) return value.toString();
  if (Array.isArray(value)) return value.map(toReply);
  return typeof value === 'object' ? Object.entries(value).flat().map(toReply) : value;
}

function errorText(message: string): string {
  if (/does not contain/.test(message)) return 'WRONGTYPE Operation against a key holding the wrong kind of value';
  return /^[A-Z]+ /.test(message) ? message : `ERR ${message}`;
}
