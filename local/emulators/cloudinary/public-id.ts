import { randomBytes } from 'node:crypto';
import { type Refusal, refusal } from './errors.ts';
import type { Params } from './signature.ts';

const LONGEST = 255;

/** The public id that an upload gets: the one it asks for below its folder, or a random one. */
export function publicIdOf(params: Params, filename: string): string | Refusal {
  const prefix = params.get('public_id_prefix') ?? params.get('folder');
  const name = params.get('public_id') ?? fromFilename(params, filename) ?? randomId();
  const publicId = prefix ? `${prefix}/${name}` : name;
  const valid = publicId.length <= LONGEST && !/[?&#\\%<>+]|^[\s/]|[\s/]$|\/\//.test(publicId);
  return valid ? publicId : refusal(400, `public_id (${publicId}) is invalid`);
}

function fromFilename(params: Params, filename: string): string | undefined {
  if (params.get('use_filename') !== 'true' && params.get('use_filename') !== '1') return undefined;
  const name = filename.replace(/\.[^.]*$/, '').replace(/[^\w.-]+/g, '_');
  return params.get('unique_filename') === 'false' || params.get('unique_filename') === '0'
    ? name
    : `${name}_${randomId(6)}`;
}

function randomId(length = 20): string {
  return BigInt(`0x${randomBytes(length).toString('hex')}`)
    .toString(36)
    .slice(0, length);
}
