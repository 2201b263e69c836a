import { join } from 'node:path';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { createFaults } from '../qstash/faults.ts';
import type { Emulator } from '../support/serve.ts';
import { openDatabase } from '../support/store.ts';
import { type Asset, clearFolder, createAssets } from './assets.ts';
import { createChunks } from './chunks.ts';
import { type CloudContext, FAULTS } from './context.ts';
import { deliveryRoutes } from './delivery.ts';
import { refusal, respond } from './errors.ts';
import { isLoopback } from './source.ts';
import { uploadRoutes } from './upload-routes.ts';

export type SampleName = 'sample.png' | 'sample.mp4' | 'sample.mp3';

export type CloudinaryOptions = {
  cloudName: string;
  apiKey: string;
  apiSecret: string;
  /** Folder for the assets' files and their metadata; created if it is not there. */
  directory: string;
  /** Where files may be fetched from. Default: loopback addresses only. */
  allowUrl?: (url: URL) => boolean;
  /** Default 100 MB. */
  maxBytes?: number;
  /** Least size of a chunk that is not the last. Default 5 MB, as the vendor has it. */
  minChunkBytes?: number;
  /** What is delivered at the root under these names; by default what the other emulators draw. */
  sample?: (name: SampleName) => Promise<Uint8Array>;
  now?: () => number;
};

const SAMPLE_TYPES: Record<SampleName, string> = {
  'sample.png': 'image/png',
  'sample.mp4': 'video/mp4',
  'sample.mp3': 'audio/mpeg',
};

/** Cloudinary: signed uploads, delivery with simple transformations, and some files to upload. */
export function createCloudinary(options: CloudinaryOptions): Emulator {
  const { sample = drawSample } = options;
  const database = openDatabase(join(options.directory, 'assets.db'));
  const context = contextOf(
    options,
    createAssets(database.table<Asset>('assets'), join(options.directory, 'files'), options.now ?? Date.now),
  );
  const app = new Hono();
  app.use(cors({ origin: '*', exposeHeaders: ['X-Cld-Error', 'Content-Range', 'Content-Length'] }));
  app.post('/__control', context.faults.control);
  app.get('/__assets', (c) => c.json({ data: context.assets.all() }));
  app.get('/:name{sample\\.(png|mp4|mp3)}', async (c) => {
    const name = c.req.param('name') as SampleName;
    return c.body(Uint8Array.from(await sample(name)), 200, { 'Content-Type': SAMPLE_TYPES[name] });
  });
  app.route('/v1_1', uploadRoutes(context));
  app.route('/', deliveryRoutes(context));
  app.notFound((c) => respond(c, refusal(404, 'Not found')));
  return { name: 'cloudinary', app, stop: database.close };
}

function contextOf(options: CloudinaryOptions, assets: CloudContext['assets']): CloudContext {
  const { cloudName, apiKey, apiSecret, maxBytes = 100_000_000, minChunkBytes = 5_242_880 } = options;
  const folder = join(options.directory, 'chunks');
  clearFolder(folder);
  return {
    cloudName,
    apiKey,
    apiSecret,
    assets,
    maxBytes,
    chunks: createChunks(folder, { minChunkBytes, maxBytes }),
    faults: createFaults(FAULTS),
    allowUrl: options.allowUrl ?? isLoopback,
    now: options.now ?? Date.now,
  };
}

// Loaded when first asked for: drawing brings encoders with it.
async function drawSample(name: SampleName): Promise<Uint8Array> {
  const { sample } = await import('../media/samples.ts');
  return (await sample(name)).bytes;
}
