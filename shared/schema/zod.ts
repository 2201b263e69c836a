import { config } from 'zod/mini';
import en from 'zod/v4/locales/en.js';

/**
 * Zod as everything here uses it: its small build, of which a Worker's start evaluates a third as much, with the messages of the large
 * one. The linter lets nobody past this module, so that no schema can come without its messages.
 */
config(en());

export * from 'zod/mini';
