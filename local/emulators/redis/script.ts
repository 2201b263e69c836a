import { createHash } from 'node:crypto';
import type { Engine } from './engine.ts';

/**
 * Runs before each script. The mock hands Lua its JavaScript values as they are; this makes them what Redis gives: tables
 * with `false` for nil, errors that can be caught, numbers as text in commands, and integers in the reply.
 */
const PRELUDE = `
local js_call = call
local FAILED = string.char(1)
local function plain(v)
  if type(v) ~= 'userdata' then return v end
  if tostring(v) == 'null' then return false end
  local t = {}
  for i = 1, #v do local e = plain(v[i]); if e == nil then e = false end; t[i] = e end
  return t
end
local function text(v)
  if type(v) ~= 'number' then return v end
  return math.type(v) == 'integer' and tostring(v) or string.format('%.17g', v)
end
local function run(...)
  local args = {...}
  for i = 1, #args do args[i] = text(args[i]) end
  local r = js_call(true, table.unpack(args))
  if type(r) == 'userdata' and r[0] == 'error' then
    local e = string.gsub(r[1], '^%a*Error: ', '')
    if string.find(e, 'does not contain') then e = 'WRONGTYPE Operation against a key holding the wrong kind of value' end
    return nil, e
  end
  r = plain(r)
  if r == nil then r = false end
  return r
end
redis.call = function(...) local r, e = run(...); if e then error(FAILED .. e, 0) end; return r end
redis.pcall = function(...) local r, e = run(...); if e then return { err = e } end; return r end
redis.error_reply = function(m) return { err = m } end
redis.status_reply = function(m) return { ok = m } end
redis.log = function() end
redis.replicate_commands = function() return true end
local function reply(v)
  if type(v) == 'number' then return math.type(v) == 'integer' and v or (v >= 0 and math.floor(v) or math.ceil(v)) end
  if type(v) == 'boolean' then return v and 1 or false end
  if type(v) ~= 'table' then return v end
  if v.err then error(FAILED .. v.err, 0) end
  if v.ok then return v.ok end
  local n, t = 0, {}
  while v[n + 1] ~= nil do n = n + 1 end
  for i = n, 1, -1 do t[i] = reply(v[i]) end
  return t
end
`.replaceAll('\n', ' ');

export type Scripts = {
  evaluate(script: string, args: string[]): Promise<unknown>;
  evaluateSha(sha: string, args: string[]): Promise<unknown>;
  /** `SCRIPT LOAD | EXISTS | FLUSH`. */
  script(args: string[]): unknown;
};

export function createScripts(engine: Engine): Scripts {
  const known = new Map<string, string>();

  function load(script: string): string {
    const sha = createHash('sha1').update(script).digest('hex');
    known.set(sha, script);
    return sha;
  }

  async function evaluate(script: string, args: string[]): Promise<unknown> {
    load(script);
    checkKeys(args);
    return run(engine, script, args);
  }

  async function evaluateSha(sha: string, args: string[]): Promise<unknown> {
    const script = known.get(sha.toLowerCase());
    if (script === undefined) throw new Error('NOSCRIPT No matching script. Please use EVAL.');
    return evaluate(script, args);
  }

  function script([subcommand = '', ...args]: string[]): unknown {
    const name = subcommand.toUpperCase();
    if (name === 'LOAD' && args[0] !== undefined) return load(args[0]);
    if (name === 'EXISTS') return args.map((sha) => (known.has(sha.toLowerCase()) ? 1 : 0));
    if (name !== 'FLUSH') throw new Error(`ERR unknown subcommand '${subcommand}'. Try SCRIPT HELP.`);
    known.clear();
    return 'OK';
  }

  return { evaluate, evaluateSha, script };
}

function checkKeys([count = '', ...rest]: string[]): void {
  if (!/^-?\d+$/.test(count)) throw new Error('ERR value is not an integer or out of range');
  if (Number(count) < 0) throw new Error("ERR Number of keys can't be negative");
  if (Number(count) > rest.length) throw new Error("ERR Number of keys can't be greater than number of args");
}

async function run(engine: Engine, script: string, args: string[]): Promise<unknown> {
  const body = script.replace(/^#!lua[^\n]*/, '');
  try {
    return nullsForFalse(await engine.eval?.(`${PRELUDE} return reply((function() ${body}\nend)())`, ...args));
  } catch (error) {
    throw new Error(scriptError((error as Error).message));
  }
}

// The prelude leaves no `false` but those that stand for nil.
function nullsForFalse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullsForFalse);
  return value === false ? null : value;
}

function scriptError(message: string): string {
  const reply = message.split('\u0001')[1];
  if (reply !== undefined) return /^[A-Z]+ /.test(reply) ? reply : `ERR ${reply}`;
  return `ERR Error running script: ${message.replace(/^.*?(\]:)/s, 'user_script:')}`;
}
