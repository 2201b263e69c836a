import type { Job } from './job.ts';

type Row = Omit<Job, 'urls'> & { events_token: string };

/** The job that clients see: the row's token becomes part of an address and leaves the object. `origin` has no slash at its end. */
export function jobFromRow({ events_token, ...job }: Row, origin: string): Job {
  const self = `${origin}/v1/jobs/${job.id}`;
  const reviewable = job.status === 'preview_ready' && job.preview === 'hold';
  return {
    ...job,
    urls: {
      self,
      cancel: `${self}/cancel`,
      ...(reviewable && { approve: `${self}/approve`, reject: `${self}/reject` }),
      events: `${self}/events?token=${encodeURIComponent(events_token)}`,
      timeline: `${self}/timeline`,
    },
  };
}
