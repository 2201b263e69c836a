/** What a run did and saw. */
export type Coverage = {
  /** Jobs. */
  asked: number;
  accepted: number;
  completed: number;
  /** Names of the faults that were ordered, and how often each happened. */
  planned: string[];
  faults: Record<string, number>;
  /** Attempts that the seams saw submitted, and those that the database knows to be. */
  submissions: number;
  submitted: number;
  /** How often the books were looked at during the storm. */
  looks: number;
  /** Rows broken on purpose that the oracle did not notice. */
  missed: string[];
};

/** A run that did almost nothing proves nothing. Shares of the jobs asked for, of those accepted, and of the kinds of fault ordered. */
const LEAST_ACCEPTED = 0.5;
const LEAST_COMPLETED = 0.25;
const LEAST_HAPPENED = 0.5;

/** Whether so many kinds of fault have happened that a run counts. Few jobs make few requests, and each meets one fault at most. */
export function enoughHappened(planned: string[], faults: Record<string, number>, jobs: number): boolean {
  const happened = planned.filter((name) => faults[name]);
  return happened.length >= Math.min(planned.length, jobs) * LEAST_HAPPENED;
}

const percent = (share: number) => `least ${share * 100} %`;

/** Why a run proves nothing; undefined if it proves something. */
export function whyVacuous(run: Coverage): string | undefined {
  const { asked, accepted, completed, planned, faults, submissions, submitted, looks, missed } = run;
  const never = planned.filter((name) => !faults[name]);
  if (accepted < asked * LEAST_ACCEPTED)
    return `only ${accepted} of ${asked} jobs were accepted (${percent(LEAST_ACCEPTED)})`;
  if (completed < accepted * LEAST_COMPLETED)
    return `only ${completed} of ${accepted} accepted jobs completed (${percent(LEAST_COMPLETED)})`;
  if (!enoughHappened(planned, faults, accepted))
    return `only ${planned.length - never.length} of ${planned.length} kinds of fault happened; never ${never.join(', ')}`;
  if (looks === 0) return 'the books were never looked at during the storm';
  if (submissions < submitted) return `the seams saw ${submissions} of ${submitted} submissions`;
  if (missed.length > 0) return `the oracle did not notice broken rows: ${missed.join(', ')}`;
  return undefined;
}
