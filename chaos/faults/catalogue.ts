import { callbackFaults } from './callback.ts';
import { clientFaults } from './client.ts';
import { databaseFaults } from './database.ts';
import type { Fault } from './fault.ts';
import { partnerFaults } from './partner.ts';
import { providerFaults } from './provider.ts';
import { queueFaults } from './queue.ts';
import { storageFaults } from './storage.ts';
import { timeFaults } from './time.ts';
import { webhookFaults } from './webhook.ts';
import { workerFaults } from './worker.ts';

/** Every fault that can be ordered. */
export const catalogue: Fault[] = [
  ...clientFaults,
  ...databaseFaults,
  ...queueFaults,
  ...workerFaults,
  ...providerFaults,
  ...webhookFaults,
  ...callbackFaults,
  ...storageFaults,
  ...timeFaults,
  ...partnerFaults,
];

export const faultNames = catalogue.map(({ name }) => name);

/** `all`, `none`, or a list of names and numbers (`28,30,callback-lost`). Throws on one that is unknown. */
export function chooseFaults(list: string): string[] {
  if (list === 'all') return faultNames;
  if (list === 'none' || list === '') return [];
  return list.split(',').map((wanted) => {
    const text = wanted.trim();
    const found = faultNames.find((name) => name === text || name.startsWith(`${text.padStart(2, '0')}-`));
    if (found === undefined) throw new Error(`There is no fault "${text}". There are: ${faultNames.join(', ')}.`);
    return found;
  });
}
