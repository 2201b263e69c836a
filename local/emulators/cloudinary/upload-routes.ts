import { type Context, Hono } from 'hono';
import { dropConnection, holdConnection } from '../support/connection.ts';
import { type AnswerOptions, assetAnswer, assetUrl } from './answer.ts';
import type { Asset } from './assets.ts';
import { readChunk } from './chunks.ts';
import { type CloudContext, originOf } from './context.ts';
import { isRefusal, OUTAGES, refusal, respond } from './errors.ts';
import { type Form, readForm } from './form.ts';
import type { ResourceType } from './probe.ts';
import { authenticate, type Params } from './signature.ts';
import { upload } from './upload.ts';

const UPLOADS = ['image', 'video', 'raw', 'auto'];

/** `POST /{cloud}/{type}/upload` and `/destroy`, below `/v1_1`. */
export function uploadRoutes(context: CloudContext): Hono {
  const app = new Hono();

  app.post('/:cloud/:type/upload', (c) =>
    guarded(c, context, async (form) => {
      const type = c.req.param('type') as ResourceType | 'auto';
      const chunk = readChunk(c.req.header('content-range'), c.req.header('x-unique-upload-id'));
      const outcome = await upload({ ...form, type, chunk }, context);
      if (isRefusal(outcome)) return respond(c, outcome);
      const subject = { public_id: form.params.get('public_id') ?? '' };
      if (context.faults.take(['stored-then-drop'], subject) !== undefined) return dropConnection(c);
      if ('received' in outcome) return c.json({ done: false, bytes: outcome.received, kind: 'chunk' });
      return c.json(uploadAnswer(c, outcome, form.params, context));
    }),
  );

  app.post('/:cloud/:type/destroy', (c) =>
    guarded(c, context, async ({ params }) => {
      const publicId = params.get('public_id');
      if (!publicId) return respond(c, refusal(400, 'Missing required parameter - public_id'));
      const asset = context.assets.find(c.req.param('type') as ResourceType, params.get('type') || 'upload', publicId);
      if (asset === undefined) return c.json({ result: 'not found' });
      await context.assets.remove(asset);
      return c.json({ result: 'ok' });
    }),
  );

  return app;
}

/** Faults, cloud, resource type and signature are the same for every call. */
async function guarded(c: Context, context: CloudContext, act: (form: Form) => Promise<Response>): Promise<Response> {
  const form = await readForm(c);
  if (isRefusal(form)) return respond(c, form);
  const fault = context.faults.take(BEFORE, { public_id: form.params.get('public_id') ?? '' })?.fault;
  if (fault === 'drop') return dropConnection(c);
  if (fault === 'timeout') return holdConnection(c);
  if (fault !== undefined) return respond(c, refusal(Number(fault), OUTAGES[fault] ?? ''));
  const { cloud, type = '' } = c.req.param();
  if (cloud !== context.cloudName) return respond(c, refusal(401, `Invalid cloud_name ${cloud}`));
  if (!UPLOADS.includes(type)) return respond(c, refusal(400, `Invalid value ${type} for parameter resource_type`));
  const refused = authenticate(form.params, context, context.now());
  return refused === undefined ? act(form) : respond(c, refused);
}

const BEFORE = ['420', '423', '429', '500', '502', '503', 'timeout', 'drop'] as const;

function uploadAnswer(
  c: Context,
  { asset, existing }: { asset: Asset; existing: boolean },
  params: Params,
  context: CloudContext,
) {
  const { cloudName, apiSecret } = context;
  const options: AnswerOptions = {
    cloudName,
    apiSecret,
    origin: originOf(c.req.url),
    requestSignature: params.get('signature') ?? '',
  };
  const eager = params
    .get('eager')
    ?.split('|')
    .map((transformation) => {
      const url = assetUrl(asset, options, transformation.replace(/\/\w+$/, ''));
      return { transformation, url, secure_url: url };
    });
  return { ...assetAnswer(asset, options), ...(existing && { existing }), ...(eager && { eager }) };
}
