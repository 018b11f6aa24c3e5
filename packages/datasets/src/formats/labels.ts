import { fileError } from '../errors.ts';

/** Throws at the first label that no class has; `where` turns its index into a place in a file. */
export function checkLabels(
  labels: ArrayLike<number>,
  classes: number,
  where: (index: number) => { file: string; offset: number },
): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label >= classes) {
      throw fileError(
        'mislabelled',
        { ...where(i), expected: `a label of 0..${classes - 1}`, found: `${label}` },
        'check that the file is the one its name says, then fetch it again',
      );
    }
  }
}
