/** How a run of the command ends: every error a user can meet carries one of these. */
export const exitCodes = { failure: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** An error to show as one sentence, without a stack. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? exitCodes.failure;
  }
}

/** What was asked for cannot be: a wrong flag, a wrong configuration key, an impossible pair. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(message, { exitCode: exitCodes.usage });
  }
}

/** The user (or the system) asked the run to stop; its state is saved. */
export class InterruptedError extends CliError {
  override readonly name = 'InterruptedError';

  constructor(message: string, signal: NodeJS.Signals) {
    super(message, {
      exitCode: signal === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted,
    });
  }
}

const systemMessages: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission is denied',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder, not a file',
  EEXIST: 'something else has that name already',
  EMFILE: 'too many files are open',
  EFBIG: 'the file would be larger than the system allows',
};

/** The one sentence to print for any thrown value. */
export function errorSentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : systemMessages[code];
  if (!(error instanceof CliError) && known !== undefined) {
    const where = path ?? 'the file';
    const advice =
      code === 'ENOSPC' || code === 'EDQUOT'
        ? '; free some space, then repeat the command'
        : '; check the path, then repeat the command';
    return `Cannot use ${where}: ${known}${advice}.`;
  }
  return error.message.split('\n')[0] || error.name;
}

/** The exit status that fits any thrown value. */
export function exitCodeOf(error: unknown): number {
  return error instanceof CliError ? error.exitCode : exitCodes.failure;
}
