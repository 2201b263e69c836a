import { v2 } from 'cloudinary';
import { beforeAll, expect, test } from 'vitest';
import { signParams } from './signature.ts';

beforeAll(() => void v2.config({ signature_algorithm: 'sha256' }));

test.each<Record<string, string>>([
  { public_id: 'darkroom/out_1', overwrite: 'false', timestamp: '1795267200' },
  { timestamp: '1', public_id: 'a&timestamp=2', invalidate: 'true' },
  { public_id: 'ä b/c%26', folder: '', context: 'a=b|c=d&e', timestamp: '1' },
  { public_id: 'x', public_ids: 'y', public: 'z', tags: 'one,two' },
])('%j is signed as the SDK signs it', async (params) => {
  expect(await signParams(params, 'secret')).toBe(v2.utils.api_sign_request(params, 'secret'));
});
