import * as z from 'zod';
import { Timestamp } from './scalars.ts';

/** One line of a job's history, from acceptance to the last delivery. */
export const TimelineItem = z.looseObject({ at: Timestamp, type: z.string() }).meta({ id: 'TimelineItem' });
export type TimelineItem = z.infer<typeof TimelineItem>;
