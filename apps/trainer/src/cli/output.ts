import type { Writable } from 'node:stream';

/**
 * Where a command speaks. With `json`, standard output holds one JSON object and nothing else;
 * what a person would read goes to standard error.
 */
export interface Output {
  readonly json: boolean;
  readonly debug: boolean;
  /** For a person: standard output, or standard error with `--json`. */
  say(line?: string): void;
  /** Progress and remarks: always standard error. */
  note(line: string): void;
  /** The result of the command: printed only with `--json`. */
  result(value: unknown): void;
}

/** The streams an output writes to; tests pass their own. */
export interface Streams {
  stdout: Writable;
  stderr: Writable;
}

/** The output of one command. */
export function createOutput(
  flags: { json?: boolean; debug?: boolean },
  streams: Streams = process,
): Output {
  const json = flags.json ?? false;
  return {
    json,
    debug: flags.debug ?? false,
    say: (line = '') => void (json ? streams.stderr : streams.stdout).write(`${line}\n`),
    note: (line) => void streams.stderr.write(`${line}\n`),
    result: (value) => {
      if (json) streams.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}
