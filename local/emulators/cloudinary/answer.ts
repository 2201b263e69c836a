import type { Asset } from './assets.ts';
import { signAnswer } from './signature.ts';

export type AnswerOptions = { origin: string; cloudName: string; apiSecret: string; requestSignature: string };

/** An asset as the vendor's upload answers show it. */
export function assetAnswer(asset: Asset, options: AnswerOptions): Record<string, unknown> {
  const url = assetUrl(asset, options);
  return {
    asset_id: asset.assetId,
    public_id: asset.publicId,
    version: asset.version,
    version_id: asset.etag,
    signature: signAnswer(asset.publicId, asset.version, options.requestSignature, options.apiSecret),
    width: asset.width,
    height: asset.height,
    format: asset.format,
    resource_type: asset.resourceType,
    created_at: asset.createdAt,
    tags: asset.tags,
    pages: asset.pages,
    bytes: asset.bytes,
    type: asset.type,
    etag: asset.etag,
    placeholder: false,
    url,
    secure_url: url,
    access_mode: 'public',
    context: asset.context && { custom: asset.context },
    original_filename: asset.originalFilename,
    ...(asset.resourceType === 'video' && videoFields(asset)),
  };
}

function videoFields({ duration, frames, isAudio, bytes }: Asset): Record<string, unknown> {
  return {
    is_audio: isAudio,
    duration,
    nb_frames: frames,
    frame_rate: frames !== undefined && duration ? frames / duration : undefined,
    bit_rate: duration ? Math.round((bytes * 8) / duration) : undefined,
    rotation: isAudio ? undefined : 0,
  };
}

/** Where an asset is delivered, with its version, optionally transformed. */
export function assetUrl(
  asset: Asset,
  { origin, cloudName }: { origin: string; cloudName: string },
  transformation = '',
): string {
  const path = asset.publicId.split('/').map(encodeURIComponent).join('/');
  const suffix = asset.resourceType === 'raw' || asset.format === undefined ? '' : `.${asset.format}`;
  const parts = [origin, cloudName, asset.resourceType, asset.type, transformation, `v${asset.version}`, path + suffix];
  return parts.filter((part) => part !== '').join('/');
}
