import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type * as tf from '@tensorflow/tfjs';
import { UsageError } from '../cli/errors.ts';
import { removeLeftovers } from './leftovers.ts';
import { openModel } from './pleat.ts';
import { requireFree, storeModel } from './store.ts';

/** Where work that is not finished is kept, beside what it is to become. */
const partialFile = (out: string): string => `${out.replace(/[/\\]+$/, '')}.partial`;

/** What to say when work is stopped: whether there is anything to go on with. */
export const stoppedMessage = (out: string) => (): string =>
  existsSync(partialFile(out))
    ? `Stopped; go on with the same command and --resume (${partialFile(out)} holds what is done).`
    : 'Stopped before anything was kept; the same command starts anew.';

/**
 * What a command that can be resumed finds where it is to write.
 *
 * @param targets the files that are there when the work is done, where `out` is a folder
 * @returns `finished` when `--resume` has nothing left to do, `resume` when it has, else `new`
 * @throws UsageError when something is there and the flags do not say what to do with it
 */
export async function beginning(
  out: string,
  { resume, overwrite }: Record<string, unknown>,
  targets: readonly [string, ...string[]] = [out],
): Promise<'finished' | 'resume' | 'new'> {
  if (resume && overwrite) {
    throw new UsageError('--resume and --overwrite exclude each other; choose one.');
  }
  const partial = partialFile(out);
  await removeLeftovers([...targets, partial]);
  if (resume && existsSync(partial)) return 'resume';
  if (resume) return existsSync(targets[0]) ? 'finished' : 'new';
  requireFree(targets[0], overwrite);
  if (existsSync(partial) && !overwrite) {
    throw new UsageError(
      `${partial} is work that was stopped; go on with --resume, or start anew with --overwrite.`,
    );
  }
  return 'new';
}

/** A model that is not what it is to become yet, and how far it is. */
export interface Unfinished<State extends { settings: object }> {
  model: tf.LayersModel;
  state: State;
}

/** Writes the model so far with all it takes to go on, whole or not at all. */
export async function savePartial<State extends { settings: object }>(
  out: string,
  { model, state }: Unfinished<State>,
): Promise<void> {
  const metadata = (model.getUserDefinedMetadata() ?? {}) as object;
  model.setUserDefinedMetadata({ ...metadata, partial: state });
  try {
    await storeModel(partialFile(out), model);
  } finally {
    model.setUserDefinedMetadata(metadata);
  }
}

/**
 * Work that was stopped.
 *
 * @param settings everything that decides its result
 * @throws UsageError when it was begun with others
 */
export async function openPartial<State extends { settings: object }>(
  out: string,
  settings: State['settings'],
): Promise<Unfinished<State>> {
  const file = partialFile(out);
  const { model, metadata } = await openModel(file);
  const { partial: state, ...rest } = metadata as unknown as { partial: State };
  model.setUserDefinedMetadata(rest);
  const known = state.settings as Record<string, unknown>;
  const other = Object.entries(settings).find(
    ([key, value]) => JSON.stringify(known[key]) !== JSON.stringify(value),
  );
  if (other === undefined) return { model, state };
  const [key, value] = other;
  throw new UsageError(
    `${file} was begun with another ${key} (${JSON.stringify(known[key])}, now ${JSON.stringify(value)}); give the old one, or start anew with --overwrite.`,
  );
}

/** Removes what was kept, when the work is done. */
export const removePartial = (out: string): Promise<void> => rm(partialFile(out), { force: true });
