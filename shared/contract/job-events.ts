import { named, type Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { Timestamp } from './scalars.ts';

/** One line of a job's history, from acceptance to the last delivery. */
export const TimelineItem = named('TimelineItem', () => z.looseObject({ at: Timestamp(), type: z.string() }));
export type TimelineItem = Of<typeof TimelineItem>;
