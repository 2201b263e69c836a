import { postSigned } from '../stack/sweeps.ts';
import { runCommand } from './cli.ts';
import { report, rotateAll } from './rotation.ts';
import { targetOf, unreachable } from './target.ts';

/**
 * `npm run keys:rotate`: wraps every sealed key under the current key-encryption key, page by page, while everything serves. For the
 * local stack as it runs, or, with PUBLIC_ORIGIN and INTERNAL_SIGNING_SECRET, for a deployment. Ends 1 if a key could not be opened:
 * then the previous key-encryption key must stay; 2 if nobody could be asked. See docs/keys.md.
 */
await runCommand(async () => {
  const target = targetOf(process.env);
  const rotation = await rotateAll((body) =>
    postSigned(`${target.origin}/internal/keys/rotate`, target.secret, `rotate_${Date.now()}`, body).catch((error) => {
      throw unreachable(target, error);
    }),
  );
  console.log(report(rotation));
  return rotation.failed.length > 0 || rotation.current.length > 1 ? 1 : 0;
});
