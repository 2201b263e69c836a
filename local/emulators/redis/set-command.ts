import type { Engine } from './engine.ts';

const SYNTAX = 'ERR syntax error';
const EXPIRY = "ERR invalid expire time in 'set' command";
const EXPIRIES = ['EX', 'PX', 'EXAT', 'PXAT'];

type Options = { nx: boolean; xx: boolean; get: boolean; keepTtl: boolean; expiresAt?: number };

/** `SET key value [NX|XX] [GET] [EX|PX|EXAT|PXAT n|KEEPTTL]`: the mock takes these in one order and capitals only. */
export function setCommand(engine: Engine, [key = '', value = '', ...words]: string[]): unknown {
  const options = parse(words);
  const exists = engine.data.has(key);
  const before = exists ? String(engine.data.get(key)) : null;
  if ((options.nx && exists) || (options.xx && !exists)) return options.get ? before : null;
  const kept = options.keepTtl && exists ? engine.expires.get(key) : undefined;
  engine.data.set(key, value);
  const expiresAt = options.expiresAt ?? kept;
  if (expiresAt === undefined) engine.expires.delete(key);
  else engine.expires.set(key, expiresAt);
  return options.get ? before : 'OK';
}

function parse(words: string[]): Options {
  const options: Options = { nx: false, xx: false, get: false, keepTtl: false };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]?.toUpperCase() ?? '';
    if (word === 'NX') options.nx = true;
    else if (word === 'XX') options.xx = true;
    else if (word === 'GET') options.get = true;
    else if (word === 'KEEPTTL') options.keepTtl = true;
    else if (EXPIRIES.includes(word) && options.expiresAt === undefined) {
      index += 1;
      options.expiresAt = expiry(word, words[index]);
    } else throw new Error(SYNTAX);
  }
  if ((options.nx && options.xx) || (options.keepTtl && options.expiresAt !== undefined)) throw new Error(SYNTAX);
  return options;
}

function expiry(word: string, text: string | undefined): number {
  if (text === undefined) throw new Error(SYNTAX);
  if (!/^-?\d+$/.test(text)) throw new Error('ERR value is not an integer or out of range');
  if (Number(text) <= 0) throw new Error(EXPIRY);
  const milliseconds = Number(text) * (word.startsWith('EX') ? 1000 : 1);
  return word.endsWith('AT') ? milliseconds : Date.now() + milliseconds;
}
