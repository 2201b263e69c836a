import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockStateFolder } from './lock.ts';
import { prepareStateFolder, readState, type StateFolder, stateFolder, writeState } from './state-folder.ts';

let state: StateFolder;

beforeEach(() => {
  state = stateFolder(mkdtempSync(join(tmpdir(), 'darkroom-state-')));
});

afterEach(() => rmSync(state.root, { recursive: true }));

test('what is written is read, whole, and secrets by their owner only', () => {
  writeState(state.secrets, { key: 1 });
  expect(readState(state.secrets)).toEqual({ key: 1 });
  expect(statSync(state.secrets).mode & 0o777).toBe(0o600);
  expect(readdirSync(state.root)).toEqual(['secrets.json']);
});

test('no file is undefined, a damaged one says so and how to go on', () => {
  expect(readState(state.secrets)).toBeUndefined();
  writeFileSync(state.secrets, '{"half": ');
  expect(() => readState(state.secrets)).toThrow(/secrets\.json is damaged/);
});

test('a file in the place of the folder', () => {
  writeFileSync(join(state.root, 'file'), '');
  expect(() => prepareStateFolder(stateFolder(join(state.root, 'file')))).toThrow('is not a folder');
});

test('one stack at a time, until it lets go', () => {
  const lock = lockStateFolder(state);
  expect(() => lockStateFolder(state)).toThrow(/already runs on/);
  writeState(state.stack, { origin: 'http://127.0.0.1:8787' });
  expect(() => lockStateFolder(state)).toThrow(/\(http:\/\/127\.0\.0\.1:8787\)/);
  lock.release();
  lockStateFolder(state).release();
});
