export const workerNames = ['submit', 'worker', 'callback', 'keys'] as const;
export type WorkerName = (typeof workerNames)[number];

/** What is emulated beside the Workers; each has a port of its own. */
export const serviceNames = ['supabase', 'qstash', 'redis', 'replicate', 'fal', 'cloudinary', 'inbox'] as const;
export type ServiceName = (typeof serviceNames)[number];
export type ServiceOrigins = Record<ServiceName, string>;
