import { InvalidArgumentError } from 'commander';

/** A flag's text as a number above 0. @throws InvalidArgumentError when it is none */
export function toPositive(text: string): number {
  const value = Number(text);
  if (!(Number.isFinite(value) && value > 0)) {
    throw new InvalidArgumentError('It must be a number above 0.');
  }
  return value;
}

/** A flag's text as a whole number above 0. @throws InvalidArgumentError when it is none */
export function toCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number above 0.');
  }
  return value;
}
